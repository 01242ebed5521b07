import { crossEntropy, type Graph, gradients, type Shape, trace } from '@inplace-abn/core';
import { type Module, parametersIn } from '@inplace-abn/nn';

/** Prefix of the outputs that hold gradients. */
export const GRADIENT = 'gradient:';

/** Loss, logits and every parameter's gradient for the inputs x and labels (and seed); running statistics move. */
export function gradientStep(network: Module, shape: Shape, { random = false } = {}): Graph {
  return trace((tracer) => {
    const x = tracer.input('x', shape, 'float32');
    const labels = tracer.input('labels', [shape[0] ?? 0], 'int32');
    const seed = random ? tracer.input('seed', [], 'int32') : undefined;
    const logits = network.call(x, { training: true, ...(seed ? { seed } : {}) });
    const loss = crossEntropy(logits, labels);
    const parameters = parametersIn(loss);
    const found = gradients(loss, [...parameters.values()]);
    const named = [...parameters.keys()].map((name, index) => {
      const gradient = found[index];
      if (!gradient) throw new Error(`the loss does not depend on ${name}`);
      return [`${GRADIENT}${name}`, gradient] as const;
    });
    return { loss, logits, ...Object.fromEntries(named) };
  });
}
