import { elements, type Shape } from '@inplace-abn/core';

/** Inputs and outputs of one unit of a weight [out, in, …window], as torch.nn.init counts them. */
export function fans(shape: Shape): { fanIn: number; fanOut: number } {
  const [out = 1, inputs = 1, ...window] = shape;
  const field = elements(window);
  return { fanIn: inputs * field, fanOut: out * field };
}
