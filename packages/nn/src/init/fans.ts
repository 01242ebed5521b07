import { elements, type Shape } from '@inplace-abn/core';

/** Fan-in and fan-out of a weight [out, in, …window], as in torch.nn.init. */
export function fans(shape: Shape): { fanIn: number; fanOut: number } {
  const [out = 1, inputs = 1, ...window] = shape;
  const field = elements(window);
  return { fanIn: inputs * field, fanOut: out * field };
}
