import { crossEntropy, gradients, resizeBilinear, type Shape, trace, type Value } from '@inplace-abn/core';
import { type Module, parametersIn } from '@inplace-abn/nn';

/** Prefix of outputs that hold gradients. */
export const GRADIENT = 'gradient:';

interface Results extends Readonly<Record<string, Value<'float32'>>> {
  readonly loss: Value<'float32'>;
  readonly logits: Value<'float32'>;
}

/**
 * Loss, logits and the gradient of every parameter for inputs x and labels (and seed). Updates running
 * statistics.
 */
export function gradientStep(network: Module, shape: Shape, { random = false } = {}) {
  return trace((tracer) => {
    const x = tracer.input('x', shape, 'float32');
    const labels = tracer.input('labels', [shape[0] ?? 0], 'int32');
    const seed = random ? tracer.input('seed', [], 'int32') : undefined;
    const logits = network.call(x, { training: true, ...(seed ? { seed } : {}) }).as('float32');
    const loss = crossEntropy(logits, labels);
    const results: Results = { loss, logits, ...gradientsOf(loss) };
    return results;
  });
}

/** The same for a segmentation network, with labels at image resolution and 255 ignored. */
export function segmentationStep(network: Module, shape: Shape) {
  const [images = 0, , height = 0, width = 0] = shape;
  return trace((tracer) => {
    const x = tracer.input('x', shape, 'float32');
    const labels = tracer.input('labels', [images, height, width], 'int32');
    const logits = network.call(x, { training: true }).as('float32');
    const loss = crossEntropy(resizeBilinear(logits, [height, width]), labels, { ignoreIndex: 255 });
    const results: Results = { loss, logits, ...gradientsOf(loss) };
    return results;
  });
}

/** The gradient of the loss for every parameter, as outputs of a step. */
function gradientsOf(loss: Value): Record<string, Value<'float32'>> {
  const parameters = parametersIn(loss);
  const found = gradients(loss, [...parameters.values()]);
  const named = [...parameters.keys()].map((name, index) => {
    const gradient = found[index];
    if (!gradient) throw new Error(`the loss does not depend on ${name}`);
    return [`${GRADIENT}${name}`, gradient.as('float32')] as const;
  });
  return Object.fromEntries(named);
}
