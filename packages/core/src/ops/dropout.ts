/**
 * Zeroes elements (or whole channels) with probability p and scales the rest by 1/(1 − p).
 *
 * The random numbers are a hash of (seed, stream, index), so no mask is stored: the gradient is the same op
 * applied to the cotangent. The hash is Chris Wellons' lowbias32.
 */

import { channels, type DType, dim, elements, formatType, rows } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { streamed } from './support/cost.js';
import { at } from './support/reference.js';

/**
 * Constants of {@link dropout}: probability, stream of random numbers, and whether it drops whole channels.
 */
export type DropoutAttributes = {
  /** Probability of dropping an element, in [0, 1]. */
  readonly p: number;
  /** Distinguishes the draws of one step. */
  readonly stream: number;
  /** True to drop whole channels of an image: one draw per (n, c) instead of one per element. */
  readonly channelwise: boolean;
};

function mix(value: number): number {
  let v = value;
  v = Math.imul(v ^ (v >>> 16), 0x7feb352d);
  v = Math.imul(v ^ (v >>> 15), 0x846ca68b);
  return (v ^ (v >>> 16)) >>> 0;
}

/** Draw `index`: a uniform 32-bit integer. */
export function dropoutBits(seed: number, stream: number, index: number): number {
  const key = mix(seed ^ mix(Math.imul(stream, 0x9e3779b9)));
  const high = Math.imul(Math.floor(index / 2 ** 32), 0x85ebca6b);
  return mix(mix((index >>> 0) ^ key) ^ high);
}

export const dropoutOp: OpDefinition<DropoutAttributes> = {
  name: 'dropout',
  inputs: [
    { name: 'x', kind: 'data' },
    { name: 'seed', kind: 'int32' },
  ],
  outputs: [{ name: 'y', kind: 'data' }],
  infer({ attrs, input }) {
    if (!(attrs.p >= 0 && attrs.p <= 1)) throw new ShapeError(`expected p in [0, 1] but received ${attrs.p}`);
    const [x, seed] = [input(0), input(1)];
    if (elements(seed.shape) !== 1)
      throw new ShapeError(`expected one seed but received ${formatType(seed)}`);
    if (x.shape.length < 2) throw new ShapeError(`expected rank 2 or more but received ${formatType(x)}`);
    return [x];
  },
  gradient({ attrs, input, diff, needs }) {
    return [needs(0) ? dropout(diff(0), input(1), attrs) : null, null];
  },
  overwrites: [{ output: 0, input: 0 }],
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
    const [x, y] = [input(0), output(0)];
    const seed = at(input(1), 0);
    const width = channels(x.shape);
    const area = rows(x.shape) / dim(x.shape, 0);
    for (let i = 0; i < elements(x.shape); i++) {
      const image = Math.floor(i / (width * area));
      const draw = attrs.channelwise ? image * width + (i % width) : i;
      const keep = dropoutBits(seed, attrs.stream, draw) / 2 ** 32 >= attrs.p;
      y.data[i] = keep ? at(x, i) / (1 - attrs.p) : 0;
    }
  },
  // PyTorch's fused dropout saves a boolean mask.
  peerKeeps: { inputs: [], outputs: [0], bytesPerElement: 1 },
};

/**
 * Dropout on x (N×C×…), like torch.nn.functional.dropout, or dropout2d if channelwise. `seed` is int32[],
 * with a new value in every step.
 *
 * @throws ShapeError for a probability outside [0, 1], a seed that is not one number, or a rank below 2
 */
export function dropout<D extends DType>(
  x: Value<D>,
  seed: Value,
  { p, stream, channelwise }: DropoutAttributes,
): Value<D> {
  return emit(dropoutOp, [x, seed], { p, stream, channelwise }).as(x.dtype);
}
