/** The memory passes do not change results: random networks with and without them. */

import { toFloat64 } from '@inplace-abn/tensor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CompileOptions } from '../../src/compile/compile.js';
import { cpu } from '../../src/native/cpu.js';
import { loadStep, type Step } from '../support/nets.js';
import { expectSoundPlacement } from '../support/placement.js';
import { networks, stepOf } from '../support/random-nets.js';

/** Loss and all states after two steps. */
async function train(step: Step, options: CompileOptions) {
  const { program, store, inputs, plan } = loadStep(step, cpu(), options);
  const losses = [await program.run(inputs), await program.run(inputs)].map(
    ({ outputs }) => outputs.loss?.[0],
  );
  return { losses, states: store.stateDict(), plan };
}

describe('random networks', () => {
  it('train bit-identically in place', async () => {
    await fc.assert(
      fc.asyncProperty(networks, async (names) => {
        const step = stepOf(names);
        const plain = await train(step, { rebuild: false, inPlace: false });
        const inPlace = await train(step, { rebuild: false });
        expect(inPlace.losses).toEqual(plain.losses);
        expect(inPlace.states).toEqual(plain.states);
        // Joined values have their final width from the first channel on, which usually saves memory but can
        // cost some.
        if (inPlace.plan.slices.length > 0) return;
        expect(inPlace.plan.peak.bytes).toBeLessThanOrEqual(plain.plan.peak.bytes);
      }),
      { numRuns: 40 },
    );
  });

  it('train the same with rebuilt values', async () => {
    await fc.assert(
      fc.asyncProperty(networks, async (names) => {
        const step = stepOf(names);
        const plain = await train(step, { rebuild: false });
        const rebuilt = await train(step, {});
        // The forward pass is unaffected.
        expect(rebuilt.losses[0]).toBe(plain.losses[0]);
        for (const [name, { dtype, data }] of plain.states) {
          const wanted = toFloat64(dtype, data);
          const got = toFloat64(dtype, rebuilt.states.get(name)?.data ?? data);
          const size = wanted.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-3);
          wanted.forEach((value, i) => {
            const difference = Math.abs((got[i] ?? Number.NaN) - value) / size;
            if (!(difference < 1e-4)) expect.fail(`${name}[${i}]: ${got[i]} instead of ${value}`);
          });
        }
      }),
      { numRuns: 40 },
    );
  });

  it('are placed soundly', () => {
    fc.assert(
      fc.property(networks, (names) => {
        const step = stepOf(names);
        for (const options of [{}, { rebuild: false }, { inPlace: false }]) {
          const { plan } = loadStep(step, cpu(), options);
          expectSoundPlacement(plan.buffers, plan.arenaBytes);
          expect(plan.arenaBytes).toBeGreaterThanOrEqual(plan.peak.bytes);
          expect(Math.max(...plan.live)).toBe(plan.peak.bytes);
          const { activations, gradients, inputs, workspace } = plan.bytes;
          expect(activations + gradients + inputs + workspace).toBe(plan.peak.bytes);
        }
      }),
      { numRuns: 25 },
    );
  });
});
