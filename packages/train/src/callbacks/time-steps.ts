import type { FitCallback } from '@inplace-abn/session';
import type { StepClock } from '../meters/step-clock.js';

/**
 * Keeps the clock of a training, for the callbacks after it.
 *
 * @param images of a step; default: its samples
 */
export function timeSteps(clock: StepClock, images?: number): FitCallback {
  return {
    onEpochStart: () => clock.start(),
    onBatch: () => clock.dataReady(),
    onStep: ({ samples }) => clock.stepDone(images ?? samples),
  };
}
