/** Concatenated channels (joins) and sliced channels as strided views of the wider value. */

import { toFloat64 } from '@inplace-abn/tensor';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { compile } from '../../src/compile/compile.js';
import { logAliases, logSlices } from '../../src/debug/log.js';
import { Tracer } from '../../src/ir/tracer.js';
import type { Value } from '../../src/ir/value.js';
import { cpu } from '../../src/native/cpu.js';
import { activation } from '../../src/ops/activation.js';
import { add } from '../../src/ops/add.js';
import { avgPool } from '../../src/ops/avg_pool.js';
import { concat } from '../../src/ops/concat.js';
import { conv2d } from '../../src/ops/conv2d.js';
import { maxPool } from '../../src/ops/max_pool.js';
import { sliceChannels } from '../../src/ops/slice_channels.js';
import { alias } from '../../src/passes/alias.js';
import { evaluateGraph } from '../../src/reference/evaluate.js';
import { denseStep } from '../support/dense.js';
import { LEAKY, loadStep, type Step } from '../support/nets.js';
import { expectSoundPlacement } from '../support/placement.js';

type Body = (tracer: Tracer) => Record<string, Value>;

function traced(body: Body): Tracer {
  const tracer = new Tracer();
  for (const [name, value] of Object.entries(body(tracer))) tracer.output(name, value);
  return tracer;
}

/** A value of `width` channels from a kernel that supports strided outputs. */
function pooled(tracer: Tracer, name: string, width = 2): Value {
  return maxPool(tracer.input(name, [1, width, 4, 4], 'float32'), 1);
}

const verdicts = (body: Body, enabled = true): string[] =>
  alias(traced(body).finish(), enabled).slices.map(
    ({ node, begin, veto }) => `${node.op.name} at ${begin}: ${veto ?? 'not copied'}`,
  );

describe('a joined value', () => {
  it('is written directly into the result, through chains of joins', () => {
    const tracer = new Tracer();
    const [a, b, c] = [pooled(tracer, 'a'), pooled(tracer, 'b', 3), pooled(tracer, 'c')];
    const ab = concat([a, b]);
    const abc = concat([c, ab]);
    tracer.output('z', avgPool(abc, 2));
    const { regions, slices } = alias(tracer.finish());
    expect(slices.every(({ veto }) => veto === null)).toBe(true);
    const rows = { owner: abc.id, pitch: 28 };
    expect(regions.get(c.id)).toEqual({ ...rows, offset: 0, width: 8 });
    expect(regions.get(ab.id)).toEqual({ ...rows, offset: 8, width: 20 });
    expect(regions.get(a.id)).toEqual({ ...rows, offset: 8, width: 8 });
    expect(regions.get(b.id)).toEqual({ ...rows, offset: 16, width: 12 });
    expect(regions.get(abc.id)).toEqual({ ...rows, offset: 0, width: 28 });
  });

  const weight = (t: Tracer, shape: readonly number[]) => t.state('w', shape, 'float32', 'parameter');

  it.each<[string, Body, readonly string[]]>([
    [
      'a state',
      (t) => ({ y: concat([t.state('s', [1, 2, 4, 4], 'float32', 'buffer'), pooled(t, 'x')]) }),
      ['concat at 0: it is a state that outlives the step', 'concat at 2: not copied'],
    ],
    [
      'an input',
      (t) => ({ y: concat([pooled(t, 'x'), t.input('i', [1, 2, 4, 4], 'float32')]) }),
      ['concat at 0: not copied', 'concat at 2: it is an input from the host'],
    ],
    [
      'an output',
      (t) => {
        const x = pooled(t, 'x');
        return { x, y: concat([x, pooled(t, 'b')]) };
      },
      ['concat at 0: it is an output of the program', 'concat at 2: not copied'],
    ],
    [
      'a value that is written densely',
      (t) => ({ y: concat([conv2d(pooled(t, 'x'), weight(t, [3, 2, 1, 1]), null), pooled(t, 'b')]) }),
      ['concat at 0: conv2d at (top) writes dense rows', 'concat at 3: not copied'],
    ],
    [
      'a value that is read densely',
      (t) => {
        const x = pooled(t, 'x');
        const z = t.within('mod1', () => conv2d(x, weight(t, [3, 2, 1, 1]), null));
        return { z, y: concat([x, pooled(t, 'b')]) };
      },
      ['concat at 0: conv2d at mod1 reads dense rows', 'concat at 2: not copied'],
    ],
    [
      'a value joined with itself',
      (t) => {
        const x = pooled(t, 'x');
        return { y: concat([x, pooled(t, 'b'), x]) };
      },
      [
        'concat at 0: it is joined with itself',
        'concat at 2: not copied',
        'concat at 4: it is joined with itself',
      ],
    ],
    [
      'a value in another join',
      (t) => {
        const x = pooled(t, 'x');
        return { y: concat([x, pooled(t, 'a')]), z: concat([pooled(t, 'b'), x]) };
      },
      [
        'concat at 0: not copied',
        'concat at 2: not copied',
        'concat at 0: not copied',
        'concat at 2: it lies in another value',
      ],
    ],
  ])('never in place: %s', (_, body, expected) => {
    expect(verdicts(body)).toEqual(expected);
  });

  it('is copied if in-place writing is disabled', () => {
    const body: Body = (t) => ({ y: concat([pooled(t, 'a'), pooled(t, 'b')]) });
    expect(verdicts(body, false)).toEqual([
      'concat at 0: in-place writing is switched off',
      'concat at 2: in-place writing is switched off',
    ]);
  });
});

describe('a sliced value', () => {
  it('is read in place, even from a slice of a slice', () => {
    const tracer = new Tracer();
    const x = pooled(tracer, 'x', 8);
    const outer = sliceChannels(x, 2, 5);
    const inner = sliceChannels(outer, 1, 3);
    tracer.output('z', avgPool(inner, 2));
    const { regions } = alias(tracer.finish());
    expect(regions.get(inner.id)).toEqual({ owner: x.id, offset: 12, width: 12, pitch: 32 });
  });

  it.each<[string, Body, readonly string[]]>([
    [
      'of an input',
      (t) => ({ z: avgPool(sliceChannels(t.input('x', [1, 4, 4, 4], 'float32'), 0, 2), 2) }),
      ['slice_channels at 0: it is an input from the host'],
    ],
    [
      'as an output',
      (t) => ({ y: sliceChannels(pooled(t, 'x', 4), 1, 2) }),
      ['slice_channels at 1: it is an output of the program'],
    ],
    [
      'for a dense reader',
      (t) => ({ z: activation(sliceChannels(pooled(t, 'x', 4), 1, 2), LEAKY) }),
      ['slice_channels at 1: activation at (top) reads dense rows'],
    ],
    [
      'into a join',
      (t) => ({ y: concat([pooled(t, 'a'), sliceChannels(pooled(t, 'x', 4), 1, 2)]) }),
      ['concat at 0: not copied', 'concat at 2: not copied', 'slice_channels at 1: it lies in another value'],
    ],
  ])('never in place: %s', (_, body, expected) => {
    expect(verdicts(body)).toEqual(expected);
  });
});

describe('writing in place with slices', () => {
  const inPlace = (body: Body): string[] =>
    alias(traced(body).finish()).decisions.map(({ node, veto }) => `${node.op.name}: ${veto ?? 'in place'}`);

  it('overwrites a slice whose channels are not read again, regardless of other slices', () => {
    const body: Body = (t) => {
      const x = pooled(t, 'x', 4);
      const [low, high] = [sliceChannels(x, 0, 2), sliceChannels(x, 2, 2)];
      const sum = add(low, pooled(t, 'b'));
      return { sum: avgPool(sum, 2), high: avgPool(high, 2) };
    };
    expect(inPlace(body)).toContain('add: in place');
  });

  it('never overwrites channels that another value still holds', () => {
    const later: Body = (t) => {
      const x = pooled(t, 'x', 4);
      const sum = add(sliceChannels(x, 0, 3), pooled(t, 'b', 3));
      return { sum: avgPool(sum, 2), z: avgPool(sliceChannels(x, 2, 2), 2) };
    };
    // The second slice of x is taken after the sum is written.
    expect(inPlace(later)[0]).toBe('add: it is still read by slice_channels at (top)');
    const before: Body = (t) => {
      const x = pooled(t, 'x', 4);
      const [low, high] = [sliceChannels(x, 0, 3), sliceChannels(x, 2, 2)];
      const sum = add(low, pooled(t, 'b', 3));
      return { sum: avgPool(sum, 2), z: avgPool(high, 2) };
    };
    expect(inPlace(before)[0]).toBe('add: it is still read by avg_pool at (top)');
    const fetched: Body = (t) => {
      const x = pooled(t, 'x', 4);
      return { x, sum: avgPool(add(sliceChannels(x, 0, 3), pooled(t, 'b', 3)), 2) };
    };
    expect(inPlace(fetched)[0]).toBe('add: it is an output of the program');
  });

  it('never overwrites an operand that shares channels with another', () => {
    const body: Body = (t) => {
      const x = pooled(t, 'x', 4);
      return { z: avgPool(add(sliceChannels(x, 0, 3), sliceChannels(x, 1, 3)), 2) };
    };
    expect(inPlace(body)).toEqual([
      'add: another operand of the node shares its memory',
      'add: another operand of the node shares its memory',
    ]);
  });

  it('overwrites another operand if the result must be dense', () => {
    const body: Body = (t) => {
      const sum = add(sliceChannels(pooled(t, 'x', 4), 0, 2), pooled(t, 'b'));
      return { z: activation(sum, LEAKY) };
    };
    expect(inPlace(body)).toEqual([
      'add: it lies in a wider value, and activation at (top) reads dense rows',
      'add: in place',
      'activation: in place',
    ]);
  });

  it('does not apply to values placed in a join', () => {
    const body: Body = (t) => ({ y: concat([add(pooled(t, 'a'), pooled(t, 'b')), pooled(t, 'c')]) });
    expect(inPlace(body)).toEqual([
      'add: its output has a place in a join',
      'add: its output has a place in a join',
    ]);
  });
});

describe('a dense network', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('has one buffer per block, and one for its gradient', () => {
    const plan = compile(denseStep([2, 1]).graph, cpu());
    expect(logSlices(plan)).toMatchInlineSnapshot(`
      "slice: concat at mod1: %16 is channels 0 to 5 of %44: not copied (1.41 KiB)
      slice: concat at mod1: %43 is channels 5 to 8 of %44: copied (864 B): conv2d at mod1.conv2_0 writes dense rows
      slice: concat at mod1: %44 is channels 0 to 8 of %71: not copied (2.25 KiB)
      slice: concat at mod1: %70 is channels 8 to 11 of %71: copied (864 B): conv2d at mod1.conv2_1 writes dense rows
      slice: concat at mod2: %85 is channels 0 to 7 of %112: not copied (504 B)
      slice: concat at mod2: %111 is channels 7 to 10 of %112: copied (216 B): conv2d at mod2.conv2_0 writes dense rows
      slice: slice_channels at mod2: %137 is channels 0 to 7 of %136: not copied (504 B)
      slice: slice_channels at mod2: %138 is channels 7 to 10 of %136: copied (216 B): conv2d_backward_data at mod2.conv2_0 reads dense rows
      slice: slice_channels at mod1: %159 is channels 0 to 8 of %158: not copied (2.25 KiB)
      slice: slice_channels at mod1: %160 is channels 8 to 11 of %158: copied (864 B): conv2d_backward_data at mod1.conv2_1 reads dense rows
      slice: slice_channels at mod1: %174 is channels 0 to 5 of %173: not copied (1.41 KiB)
      slice: slice_channels at mod1: %175 is channels 5 to 8 of %173: copied (864 B): conv2d_backward_data at mod1.conv2_0 reads dense rows"
    `);
    const ofBlock = logAliases(plan)
      .split('\n')
      .filter((line) => /: add at|bn_out|tra\.bn/.test(line));
    expect(ofBlock.join('\n')).toMatchInlineSnapshot(`
      "alias: abn_apply at tra.bn: %82 over %71: in place
      alias: abn_apply at bn_out: %123 over %112: in place
      alias: abn_running at tra.bn: %77 over %74: in place
      alias: abn_running at tra.bn: %78 over %75: in place
      alias: abn_running at tra.bn: %79 over %76: in place
      alias: abn_running at bn_out: %118 over %115: in place
      alias: abn_running at bn_out: %119 over %116: in place
      alias: abn_running at bn_out: %120 over %117: in place
      alias: abn_backward_weight at bn_out: %135 over %134: not in place: it is still read by abn_backward_apply at bn_out
      alias: abn_backward_apply at bn_out: %136 over %132: in place
      alias: add at mod2.bn1_0: %151 over %137: in place
      alias: abn_backward_weight at tra.bn: %157 over %156: not in place: it is still read by abn_backward_apply at tra.bn
      alias: abn_backward_apply at tra.bn: %158 over %153: in place
      alias: add at mod1.bn1_1: %173 over %159: in place
      alias: add at mod1.bn1_0: %188 over %174: in place"
    `);
  });

  /** Outputs and states after one step on the reference device. */
  function meaning(step: Step) {
    const { store, inputs } = loadStep(step, cpu());
    const given = new Map(
      Object.entries(inputs).map(([name, data]) => [name, Float64Array.from(data, Number)]),
    );
    const states = new Map(
      [...store.stateDict()].map(([name, { dtype, data }]) => [name, toFloat64(dtype, data)]),
    );
    return evaluateGraph(step.graph, given, states);
  }

  const networks = fc.record({
    layers: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 })),
    growth: fc.integer({ min: 1, max: 5 }),
    scale: fc.constantFrom('abs' as const, 'plain' as const),
  });

  it('trains bit-identically to copying, and matches the reference', async () => {
    await fc.assert(
      fc.asyncProperty(networks, async ({ layers, growth, scale }) => {
        const step = denseStep(layers, scale, growth);
        const [joined, copied] = [loadStep(step, cpu()), loadStep(step, cpu(), { inPlace: false })];
        expectSoundPlacement(joined.plan.buffers, joined.plan.arenaBytes);
        const { outputs } = await joined.program.run(step.inputs);
        expect((await copied.program.run(step.inputs)).outputs).toEqual(outputs);
        expect(copied.store.stateDict()).toEqual(joined.store.stateDict());
        const wanted = meaning(step);
        expect(outputs.loss?.[0]).toBeCloseTo(wanted.outputs.get('loss')?.[0] ?? Number.NaN, 4);
        for (const [name, { dtype, data }] of joined.store.stateDict()) {
          const expected = wanted.states.get(name) ?? new Float64Array();
          const size = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-2);
          toFloat64(dtype, data).forEach((value, i) => {
            const difference = Math.abs(value - (expected[i] ?? Number.NaN)) / size;
            if (!(difference < 1e-3)) expect.fail(`${name}[${i}]: ${value} instead of ${expected[i]}`);
          });
        }
      }),
      { numRuns: 8 },
    );
  });

  it.each(['float32', 'bfloat16'] as const)(
    'passes the comparison with the reference device, %s',
    async (precision) => {
      const plain = loadStep(denseStep([2, 2]), cpu(), { precision });
      const { outputs } = await plain.program.run(plain.inputs);
      vi.stubEnv('IABN_DEBUG', '5');
      const written = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
      const compared = loadStep(denseStep([2, 2]), cpu(), { precision });
      expect((await compared.program.run(compared.inputs)).outputs).toEqual(outputs);
      expect(written.mock.calls.join()).toContain('slice: concat at mod1: ');
      written.mockRestore();
      expect(compared.store.stateDict()).toEqual(plain.store.stateDict());
    },
  );
});
