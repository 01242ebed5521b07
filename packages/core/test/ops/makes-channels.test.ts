import { expect, it } from 'vitest';
import type { Value } from '../../src/ir/value.js';
import { conv2d } from '../../src/ops/conv2d.js';
import { type OpName, opOf, ops } from '../../src/ops/index.js';
import { linear } from '../../src/ops/linear.js';
import { compute, draw, type Operand } from './harness.js';

type Layer = readonly [operands: readonly Operand[], emit: (x: Value, weight: Value, bias: Value) => Value];

const LAYERS: Partial<Record<OpName, Layer>> = {
  conv2d: [
    [draw('x', [2, 4, 5, 4]), draw('weight', [6, 2, 3, 3]), draw('bias', [6])],
    (x, weight, bias) => conv2d(x, weight, bias, { groups: 2, padding: 1 }),
  ],
  linear: [[draw('x', [5, 4]), draw('weight', [6, 4]), draw('bias', [6])], linear],
};

/** The operand with row i multiplied by −2ⁱ, which is exact. */
function scaled({ shape, data }: Operand): Operand {
  const row = data.length / (shape[0] ?? 1);
  return { shape, data: data.map((value, index) => value * -(2 ** Math.floor(index / row))) };
}

const makers = (Object.keys(ops) as OpName[]).filter((name) =>
  opOf(name).inputs.some((operand) => operand.makesChannels),
);

it.each(makers)('%s scales only the channel that a row produces', (name) => {
  const [operands = [], emit = linear] = LAYERS[name] ?? [];
  const run = ([x, weight, bias]: readonly Operand[]) => {
    if (!x || !weight || !bias) throw new Error(`no operands for ${name}`);
    return compute({ x, weight, bias }, (values) => ({ y: emit(values.x, values.weight, values.bias) })).y;
  };
  const { inputs } = opOf(name);
  const turned = operands.map((operand, index) => (inputs[index]?.makesChannels ? scaled(operand) : operand));
  // Channels-last.
  expect(run(turned)).toEqual(run(operands).map((value, index) => value * -(2 ** (index % 6))));
});
