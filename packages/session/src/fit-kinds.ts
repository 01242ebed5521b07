/** Checks of the arguments of `fit` that TypeScript makes and JavaScript does not. */
import { described, UsageError } from '@inplace-abn/core';
import type { FitCallback } from './fit.js';
import { refuse } from './kinds.js';

const HOOKS = [
  'onEpochStart',
  'onBatch',
  'onStep',
  'onEpoch',
  'onStop',
  'onEnd',
] as const satisfies readonly (keyof FitCallback)[];

/** The options of a training loop that are numbers, functions and objects. */
export interface FitKinds {
  readonly epochs?: unknown;
  readonly schedule?: unknown;
  readonly scheduleMode?: unknown;
  readonly timeLimit?: unknown;
  readonly callbacks?: readonly object[];
  readonly signal?: unknown;
  readonly validation?: unknown;
}

/** Checks batches and each option that is given. */
export function checkFit(batches: unknown, options: FitKinds): void {
  const { epochs = 1, schedule, scheduleMode = 'epoch', callbacks = [], signal, validation } = options;
  const { timeLimit } = options;
  if (typeof batches !== 'function') checkBatches('fit', batches);
  if (validation !== undefined) checkBatches('fit: validation', validation);
  if (!(Number.isInteger(epochs) && Number(epochs) >= 0)) refuse('fit', 'a number of epochs', epochs);
  if (schedule !== undefined && typeof schedule !== 'function') {
    refuse('fit', 'schedule to be a function of the epoch or step, such as createSchedule({ … }),', schedule);
  }
  if (scheduleMode !== 'epoch' && scheduleMode !== 'step') {
    refuse('fit', "scheduleMode to be 'epoch' or 'step'", scheduleMode);
  }
  if (timeLimit !== undefined && !(typeof timeLimit === 'number' && timeLimit > 0)) {
    refuse('fit', 'timeLimit in seconds, above 0,', timeLimit);
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    refuse('fit', 'the signal of an AbortController', signal);
  }
  if (!Array.isArray(callbacks)) refuse('fit', 'an array of callbacks', callbacks);
  for (const [index, callback] of callbacks.entries()) {
    const known = Object(callback) === callback && HOOKS.some((hook) => hook in callback);
    if (!known) refuse('fit', `callbacks[${index}] to have one of ${HOOKS.join(', ')}`, callback);
  }
}

function checkBatches(where: string, batches: unknown): void {
  if (Object(batches) === batches && !ArrayBuffer.isView(batches)) {
    const iterable = Object(batches);
    if (Symbol.iterator in iterable || Symbol.asyncIterator in iterable) return;
  }
  refuse(where, 'an array of batches { x, y }, or another iterable of them,', batches);
}

/** Checks that a batch has samples and targets. */
export function checkBatch(where: string, batch: unknown): void {
  if (typeof batch === 'object' && batch !== null && 'x' in batch && 'y' in batch) return;
  throw new UsageError(`${where}: expected batches { x, y } but received ${described(batch)}`, {
    code: 'ERR_INPUT_NAME',
  });
}
