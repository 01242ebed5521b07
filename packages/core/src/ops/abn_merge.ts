/**
 * Merges per-process statistics (Chan, Golub and LeVeque). With m = Σmᵢ:
 *
 *     μ = Σ mᵢ·μᵢ / m,   σ² = Σ mᵢ·(σᵢ² + (μᵢ − μ)²) / m
 *
 * A process without samples has mᵢ = 0 and contributes nothing.
 */

import { formatType } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { KEEPS_NOTHING, type OpDefinition, PURE } from '../ir/define.js';
import { emitAll, outputAt } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { streamed } from './support/cost.js';
import { flatLayout } from './support/flat.js';
import { at } from './support/reference.js';

export type AbnMergeAttributes = { readonly channels: number };

/** Offsets of mean, variance and count in the row of one process. */
function rowLayout(channels: number) {
  const { begins, length } = flatLayout([[channels], [channels], []]);
  const [mean = 0, variance = 0, count = 0] = begins;
  return { mean, variance, count, length };
}

export const abnMergeOp: OpDefinition<AbnMergeAttributes> = {
  name: 'abn_merge',
  inputs: [{ name: 'gathered', kind: 'float32' }],
  outputs: [
    { name: 'mean', kind: 'float32' },
    { name: 'var', kind: 'float32' },
    { name: 'count', kind: 'float32' },
  ],
  infer({ attrs, input }) {
    const { shape } = input(0);
    const { length } = rowLayout(attrs.channels);
    if (shape.length !== 2 || shape[1] !== length) {
      throw new ShapeError(
        `expected rows of mean, variance and count, [processes,${length}], but received ${formatType(input(0))}`,
      );
    }
    const vector = { shape: [attrs.channels], dtype: 'float32' } as const;
    return [vector, vector, { shape: [], dtype: 'float32' }];
  },
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
  cost: streamed,
  reference({ attrs, input, output }) {
    const gathered = input(0);
    const row = rowLayout(attrs.channels);
    const begins = Array.from({ length: gathered.shape[0] ?? 0 }, (_, process) => process * row.length);
    const count = (begin: number) => at(gathered, begin + row.count);
    const total = begins.reduce((sum, begin) => sum + count(begin), 0);
    for (let c = 0; c < attrs.channels; c++) {
      const mean = (begin: number) => at(gathered, begin + row.mean + c);
      const merged = begins.reduce((sum, begin) => sum + count(begin) * mean(begin), 0) / total;
      const spread = begins.map((begin) => {
        return count(begin) * (at(gathered, begin + row.variance + c) + (mean(begin) - merged) ** 2);
      });
      output(0).data[c] = merged;
      output(1).data[c] = spread.reduce((sum, term) => sum + term, 0) / total;
    }
    output(2).data[0] = total;
  },
  peerKeeps: KEEPS_NOTHING,
};

/**
 * Statistics of each channel over all processes, from those of each process (Chan, Golub and LeVeque).
 *
 * @param gathered float32[processes,K], one row per process: mean, biased variance and count, as {@link pack}
 * lays them out
 * @param channels C
 * @throws ShapeError if the length of a row does not match `channels`
 */
export function abnMerge(
  gathered: Value,
  channels: number,
): {
  /** float32[C]. */
  mean: Value<'float32'>;
  /** Biased, float32[C]. */
  variance: Value<'float32'>;
  /** Samples of a channel over all processes, float32[]. */
  count: Value<'float32'>;
} {
  const outputs = emitAll(abnMergeOp, [gathered], { channels });
  return {
    mean: outputAt(outputs, 0).as('float32'),
    variance: outputAt(outputs, 1).as('float32'),
    count: outputAt(outputs, 2).as('float32'),
  };
}
