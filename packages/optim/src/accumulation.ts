/** Gradient accumulation: sums over the parts of a batch that run one after the other. */
import { accumulate, type Tracer, type Value } from '@inplace-abn/core';
import { optimizerStateName } from './optimizer.js';

/** Slot that sums a parameter's gradients over the parts of a batch; the first part starts it again. */
export const ACCUMULATED = 'accumulated_grad';

/**
 * Returns a function that adds gradients, by parameter name, to the accumulated sums and returns the new sums
 * in the same order. Adds two float32[] inputs to the step: `keep`, 0 in the first part of a batch and 1 in
 * the others, and `factor`, which scales the gradients of this part.
 */
export function accumulation(tracer: Tracer): (gradients: ReadonlyMap<string, Value>) => Value[] {
  const scalars = {
    keep: tracer.input('keep', [], 'float32'),
    factor: tracer.input('factor', [], 'float32'),
  };
  return (gradients) =>
    tracer.during('update', null, () =>
      [...gradients].map(([name, gradient]) =>
        tracer.within(name, () => {
          const slot = optimizerStateName(name, ACCUMULATED);
          const sum = tracer.state(slot, gradient.shape, 'float32', 'optimizer');
          const next = accumulate(sum, gradient, scalars);
          tracer.assign(sum, next);
          return next;
        }),
      ),
    );
}
