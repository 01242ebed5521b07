/**
 * Updates running statistics in place, like torch.nn.BatchNorm2d: r ← (1 − w)·r + w·batch, where w is the
 * momentum, or 1/num_batches (counting this batch) for a cumulative average. The running variance takes the
 * unbiased σ²·m/(m − 1).
 */

import { elements, formatType } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { KEEPS_NOTHING, type OpDefinition, PURE } from '../ir/define.js';
import { emitAll, outputAt } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { streamed } from './support/cost.js';
import { at } from './support/reference.js';

export type AbnRunningAttributes = {
  /** Weight of the new batch; unused if cumulative. */
  readonly momentum: number;
  readonly cumulative: boolean;
  /** Samples per channel behind the batch statistics, m; unused if `count` is an operand. */
  readonly count: number;
};

export const abnRunningOp: OpDefinition<AbnRunningAttributes> = {
  name: 'abn_running',
  inputs: [
    { name: 'running_mean', kind: 'float32' },
    { name: 'running_var', kind: 'float32' },
    { name: 'num_batches', kind: 'int64' },
    { name: 'mean', kind: 'float32' },
    { name: 'var', kind: 'float32' },
    { name: 'count', kind: 'float32', optional: true },
  ],
  outputs: [
    { name: 'running_mean', kind: 'float32' },
    { name: 'running_var', kind: 'float32' },
    { name: 'num_batches', kind: 'int64' },
  ],
  infer({ attrs, input, inputs }) {
    const types = [input(0), input(1), input(3), input(4)];
    const width = elements(input(0).shape);
    if (types.some((type) => elements(type.shape) !== width)) {
      throw new ShapeError(`statistics differ in channels: ${types.map(formatType).join(', ')}`);
    }
    if (!inputs[5] && !(attrs.count >= 2)) {
      throw new ShapeError(
        `expected more than one sample per channel in training but received ${attrs.count}: use larger batches or images, or evaluation mode`,
      );
    }
    return [input(0), input(1), input(2)];
  },
  gradient: null,
  overwrites: [
    { output: 0, input: 0, required: true },
    { output: 1, input: 1, required: true },
    { output: 2, input: 2, required: true },
  ],
  inverses: [],
  absorb: null,
  slices: null,
  rows: null,
  fusion: null,
  parts: null,
  labels: null,
  effects: PURE,
  cost: streamed,
  reference({ attrs, input, inputs, output }) {
    const batches = at(input(2), 0) + 1;
    const weight = attrs.cumulative ? 1 / batches : attrs.momentum;
    const count = inputs[5] ? at(inputs[5], 0) : attrs.count;
    const unbiased = count / (count - 1);
    for (let c = 0; c < elements(input(0).shape); c++) {
      output(0).data[c] = (1 - weight) * at(input(0), c) + weight * at(input(3), c);
      output(1).data[c] = (1 - weight) * at(input(1), c) + weight * unbiased * at(input(4), c);
    }
    output(2).data[0] = batches;
  },
  peerKeeps: KEEPS_NOTHING,
};

/** Options of {@link abnRunning}. */
export interface AbnRunningOptions {
  /** Weight of the new batch; null for the cumulative average of all batches. */
  readonly momentum: number | null;
  /** Samples per channel of the batch statistics. A float32[] value if the batch is distributed. */
  readonly count: number | Value;
}

/**
 * The running statistics after this batch: the new contents of the three states, updated in place.
 *
 * @param running mean and variance, float32[C], and number of batches, int64[]
 * @param batch mean and biased variance, float32[C]
 * @throws ShapeError if the channels differ, or if `count` is a number below 2
 */
export function abnRunning(
  running: { mean: Value; variance: Value; batches: Value },
  batch: { mean: Value; variance: Value },
  { momentum, count }: AbnRunningOptions,
): {
  /** float32[C]. */
  mean: Value<'float32'>;
  /** Unbiased, float32[C]. */
  variance: Value<'float32'>;
  /** Batches so far, this one included, int64[]. */
  batches: Value<'int64'>;
} {
  const statistics = [running.mean, running.variance, running.batches, batch.mean, batch.variance];
  const known = typeof count === 'number';
  const outputs = emitAll(abnRunningOp, known ? statistics : [...statistics, count], {
    momentum: momentum ?? 0,
    cumulative: momentum === null,
    count: known ? count : 0,
  });
  return {
    mean: outputAt(outputs, 0).as('float32'),
    variance: outputAt(outputs, 1).as('float32'),
    batches: outputAt(outputs, 2).as('int64'),
  };
}
