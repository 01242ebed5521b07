/** Ordinary batch norm and relu with fixed statistics: in place, with the gradients that kept inputs give. */

import { toFloat64 } from '@inplace-abn/tensor';
import { describe, expect, it } from 'vitest';
import type { CompileOptions } from '../../src/compile/compile.js';
import { type ActivationAttributes, IDENTITY } from '../../src/ir/activations.js';
import type { Value } from '../../src/ir/value.js';
import { cpu } from '../../src/native/cpu.js';
import { add } from '../../src/ops/add.js';
import { abn, classifierStep, conv, loadStep } from '../support/nets.js';
import { parameter } from '../support/prng.js';

const RELU: ActivationAttributes = { activation: 'relu', slope: 0 };

function layer(x: Value, name: string, width: number, size: number, act = RELU): Value {
  return x.tracer.within(name, () => abn(conv(x, 'conv', width, size), 'bn', act, 'plain', 'fixed'));
}

/** A stem, a bottleneck with a projection, and one without. */
function network(x: Value): Value {
  const stem = layer(x, 'stem', 8, 3);
  const projected = layer(stem, 'projection', 16, 1, IDENTITY);
  const inner = layer(layer(stem, 'a1', 4, 1), 'a2', 4, 3);
  const first = add(layer(inner, 'a3', 16, 1, IDENTITY), projected, RELU);
  return add(layer(layer(first, 'b1', 4, 3), 'b2', 16, 1, IDENTITY), first, RELU);
}

/** Gradients by parameter after one step, γ of both signs, and the plan. */
async function gradients(options: CompileOptions) {
  const { program, store, inputs, plan } = loadStep(classifierStep(4, 16, network), cpu(), options);
  for (const { name, shape } of store.specs) {
    if (!name.endsWith('bn.weight')) continue;
    const scales = Float32Array.from(parameter(name, shape), (value, c) => (c % 2 === 0 ? value : -value));
    store.write(name, scales);
  }
  await program.run(inputs);
  const states = [...store.stateDict('optimizer')].map(([name, { dtype, data }]): [string, Float64Array] => {
    return [name.replace('.momentum', ''), toFloat64(dtype, data)];
  });
  return { plan, of: new Map(states) };
}

describe('ordinary batch norm and relu with fixed statistics', () => {
  it.each([
    ['float32', 1e-5],
    ['bfloat16', 3e-2],
  ] as const)('give the gradients of kept inputs in less memory, %s', async (precision, tolerance) => {
    const kept = await gradients({ precision, rebuild: false, spare: 0 });
    const inPlace = await gradients({ precision, spare: 0 });
    expect([...inPlace.of.keys()]).toEqual([...kept.of.keys()]);
    for (const [name, wanted] of kept.of) {
      const got = inPlace.of.get(name) ?? new Float64Array();
      // Only the gradient of γ reads the inverted value.
      if (!name.endsWith('bn.weight')) {
        expect(got, name).toEqual(wanted);
        continue;
      }
      const size = Math.max(...wanted.map(Math.abs));
      wanted.forEach((value, i) => {
        expect(Math.abs((got[i] ?? Number.NaN) - value) / size, `${name}[${i}]`).toBeLessThan(tolerance);
      });
    }
    const forward = ({ plan }: typeof kept) =>
      plan.aliases.filter(({ node: { phase } }) => phase === 'forward');
    const layers = forward(inPlace).filter(({ node: { op } }) => op.name === 'abn_apply');
    expect(layers).toHaveLength(7);
    expect(layers.flatMap(({ veto }) => veto ?? [])).toEqual([]);
    expect(inPlace.plan.bytes.activations).toBeLessThan(0.75 * kept.plan.bytes.activations);
  });
});
