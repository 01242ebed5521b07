/** Random small training steps that exercise every decision of the memory passes. */

import { channels, sameShape } from '@inplace-abn/tensor';
import fc from 'fast-check';
import type { ActivationAttributes } from '../../src/ir/activations.js';
import type { Value } from '../../src/ir/value.js';
import { activation } from '../../src/ops/activation.js';
import { add } from '../../src/ops/add.js';
import { avgPool } from '../../src/ops/avg_pool.js';
import { concat } from '../../src/ops/concat.js';
import { maxPool } from '../../src/ops/max_pool.js';
import { sliceChannels } from '../../src/ops/slice_channels.js';
import { abn, classifierStep, conv, LEAKY, type Step } from './nets.js';

const IDENTITY: ActivationAttributes = { activation: 'identity', slope: 0 };
const ELU: ActivationAttributes = { activation: 'elu', slope: 1 };
const RELU: ActivationAttributes = { activation: 'relu', slope: 0 };

type Layer = (x: Value, name: string, earlier: readonly Value[]) => Value;

const layers: Readonly<Record<string, Layer>> = {
  conv3: (x, name) => conv(x, name, 6, 3),
  conv1: (x, name) => conv(x, name, 6, 1),
  strided: (x, name) => conv(x, name, 6, 3, { stride: 2 }),
  abn: (x, name) => abn(x, name),
  elu: (x, name) => abn(x, name, ELU),
  identity: (x, name) => abn(x, name, IDENTITY),
  ordinary: (x, name) => abn(x, name, RELU, 'plain'),
  activation: (x) => activation(x, LEAKY),
  shortcut: (x, _, earlier) => add(x, sameSized(x, earlier), LEAKY),
  reversed: (x, _, earlier) => add(sameSized(x, earlier), x),
  relu: (x, _, earlier) => add(x, sameSized(x, earlier), RELU),
  average: (x) => avgPool(x, 3, { stride: 1, padding: 1 }),
  max: (x) => maxPool(x, 3, { stride: 2, padding: 1 }),
  dense: (x, name) => concat([x, conv(abn(x, `${name}.bn`), name, 3, 3)]),
  activated: (x, name) => concat([abn(conv(x, name, 3, 1), `${name}.bn`), x]),
  pooled: (x) =>
    concat([avgPool(x, 3, { stride: 1, padding: 1 }), x, maxPool(x, 3, { stride: 1, padding: 1 })]),
  repeated: (x, _, earlier) => concat([x, sameSized(x, earlier), x]),
  halves: (x) => concat([half(x, 1), half(x, 0)]),
  sum: (x) => add(half(x, 0), half(x, 1), LEAKY),
};

/** The lower or upper half of the channels; x itself if it has only one. */
function half(x: Value, which: 0 | 1): Value {
  const length = channels(x.shape) >> 1;
  return length === 0 ? x : sliceChannels(x, which * length, length);
}

/** The earliest value with the shape of x; x itself if there is none. */
function sameSized(x: Value, earlier: readonly Value[]): Value {
  return earlier.find((value) => sameShape(value.shape, x.shape)) ?? x;
}

export const networks = fc.array(fc.constantFrom(...Object.keys(layers)), { minLength: 2, maxLength: 12 });

export function stepOf(names: readonly string[]): Step {
  return classifierStep(3, 9, (x) => {
    const values = [abn(conv(x, 'stem', 6, 3), 'stem.bn')];
    names.forEach((name, i) => {
      const last = values.at(-1) ?? x;
      values.push(layers[name]?.(last, `${name}${i}`, values) ?? last);
    });
    return values.at(-1) ?? x;
  });
}
