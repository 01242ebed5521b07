/** Sums of gradients over the parts of a batch that are trained one after the other. */
import { accumulate, type Tracer, type Value } from '@inplace-abn/core';
import { optimizerStateName } from './optimizer.js';

/** Slot of the sum of a parameter's gradients over the parts so far: begun anew with each batch. */
export const ACCUMULATED = 'accumulated_grad';

/**
 * Adds gradients, by parameter, to the sums so far and returns the new sums. Inputs of the step: keep (0: the
 * sums begin anew; else 1) and factor, of this part's gradients.
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
