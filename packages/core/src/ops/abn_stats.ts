/**
 * Per-channel mean and biased variance of x over its m samples, in float32; 0 if m = 0:
 *
 *     μ = Σ x/m    σ² = Σ (x − μ)²/m
 */
import { channels, elements, rows } from '@inplace-abn/tensor';
import { KEEPS_NOTHING, type NoAttributes, type OpDefinition, PURE } from '../ir/define.js';
import { emitAll, outputAt } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { checkChannels } from './support/abn.js';
import { streamed } from './support/cost.js';
import { at } from './support/reference.js';

export const abnStatsOp: OpDefinition<NoAttributes> = {
  name: 'abn_stats',
  inputs: [{ name: 'x', kind: 'data', pitched: true }],
  outputs: [
    { name: 'mean', kind: 'float32' },
    { name: 'var', kind: 'float32' },
  ],
  infer({ input }) {
    const { shape } = input(0);
    checkChannels(input(0), []);
    const vector = { shape: [channels(shape)], dtype: 'float32' } as const;
    return [vector, vector];
  },
  // The gradient through batch statistics is part of abn_apply's gradient.
  gradient: null,
  overwrites: [],
  inverses: [],
  absorb: null,
  slices: null,
  rows: null,
  fusion: null,
  parts: null,
  labels: null,
  effects: PURE,
  cost: (context, outputs) => streamed(context, outputs, 3 * elements(context.input(0).shape)),
  family: 'statistics',
  reference({ input, output }) {
    const x = input(0);
    const width = channels(x.shape);
    const samples = rows(x.shape);
    for (let c = 0; c < width; c++) {
      let sum = 0;
      for (let row = 0; row < samples; row++) sum += at(x, row * width + c);
      const share = samples === 0 ? 0 : 1 / samples;
      const mean = sum * share;
      let squares = 0;
      for (let row = 0; row < samples; row++) squares += (at(x, row * width + c) - mean) ** 2;
      output(0).data[c] = mean;
      output(1).data[c] = squares * share;
    }
  },
  peerKeeps: KEEPS_NOTHING,
};

/**
 * Per-channel statistics of x; zeros for an empty batch.
 *
 * @param x float32 or the compute dtype, N×C×…
 * @throws ShapeError for a rank below 2
 */
export function abnStats(x: Value): {
  /** float32[C]. */
  mean: Value<'float32'>;
  /** Biased, float32[C]. */
  variance: Value<'float32'>;
} {
  const outputs = emitAll(abnStatsOp, [x], {});
  return { mean: outputAt(outputs, 0).as('float32'), variance: outputAt(outputs, 1).as('float32') };
}
