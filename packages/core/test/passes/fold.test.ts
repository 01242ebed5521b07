import { toFloat64 } from '@inplace-abn/tensor';
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/compile/compile.js';
import { ACTIVATIONS, type Activation, IDENTITY } from '../../src/ir/activations.js';
import type { Graph } from '../../src/ir/graph.js';
import { formatGraph } from '../../src/ir/text.js';
import type { Value } from '../../src/ir/value.js';
import { cpu } from '../../src/native/cpu.js';
import { activation } from '../../src/ops/activation.js';
import { add } from '../../src/ops/add.js';
import { avgPool } from '../../src/ops/avg_pool.js';
import { fold } from '../../src/passes/fold.js';
import type { Arrays } from '../../src/program/program.js';
import { programOf } from '../../src/program/program-of.js';
import { convolution, evaluationOf, filledStore, fixedAbn, type LayerOptions } from '../support/inference.js';
import { LEAKY, residualStep } from '../support/nets.js';

const SHAPE = [2, 8, 7, 6];

const act = (name: Activation) => ({ activation: name, slope: name === 'elu' ? 0.9 : 0.1 });

const opsOf = ({ nodes }: Graph): string[] => nodes.map(({ op, path }) => `${op.name} ${path}`.trim());

/** A post-activation residual block with a projected shortcut. */
function block(x: Value): Value {
  const inner = fixedAbn(convolution(x, 'conv1', 8), 'bn1', LEAKY);
  const main = fixedAbn(convolution(inner, 'conv2', 16), 'bn2', IDENTITY);
  return add(main, fixedAbn(convolution(x, 'proj', 16, { size: 1 }), 'proj_bn', IDENTITY), LEAKY);
}

describe('fold', () => {
  it('folds a residual block into three convolutions', () => {
    const { graph } = evaluationOf([1, 4, 3, 3], (x) =>
      add(fixedAbn(convolution(x, 'conv', 4), 'bn', IDENTITY), x, LEAKY),
    );
    expect(formatGraph(fold(graph))).toMatchInlineSnapshot(`
      "input x %0:float32[1,4,3,3]
      state conv.weight %1:float32[4,4,3,3] parameter
      state bn.running_mean %3:float32[4] parameter
      state bn.running_var %4:float32[4] parameter
      state bn.weight %5:float32[4] parameter
      state bn.bias %6:float32[4] parameter
      forward:
        %9:float32[4,4,3,3], %10:float32[4] = abn_fold(%1, %3, %4, %5, %6, _) {eps: 0.001, scale: abs} @conv
        %8:float32[1,4,3,3] = conv2d_fused(%0, %9, %10, %0) {stride: [1,1], padding: [1,1], dilation: [1,1], groups: 1, activation: leaky_relu, slope: 0.1} @conv
      output out %8"
    `);
    expect(opsOf(fold(evaluationOf(SHAPE, block).graph))).toEqual([
      'abn_fold conv1',
      'conv2d_fused conv1',
      'abn_fold conv2',
      'abn_fold proj',
      'conv2d_fused proj',
      'conv2d_fused conv2',
    ]);
  });

  it('writes the sum in place of the addend', () => {
    const plan = compile(evaluationOf(SHAPE, block).graph, cpu());
    expect(plan.aliases.map(({ node, veto }) => [node.op.name, node.path, veto])).toContainEqual([
      'conv2d_fused',
      'conv2',
      null,
    ]);
  });

  it.each<[string, (x: Value) => Value]>([
    ['before a convolution', (x) => convolution(fixedAbn(x, 'bn', LEAKY), 'conv', 8)],
    ['after another op', (x) => fixedAbn(avgPool(x, 3), 'bn', LEAKY)],
    [
      'on a convolution with another reader',
      (x) => {
        const y = convolution(x, 'conv', 8);
        return add(fixedAbn(y, 'bn', LEAKY), y);
      },
    ],
    ['on a sum', (x) => fixedAbn(add(convolution(x, 'conv', 8), x), 'bn', LEAKY)],
    ['on an activation', (x) => fixedAbn(activation(convolution(x, 'conv', 8), act('relu')), 'bn', LEAKY)],
  ])('does not fold a layer %s', (_, body) => {
    expect(opsOf(fold(evaluationOf(SHAPE, body).graph))).toContain('abn_apply bn');
  });

  it('does not fold fetched values', () => {
    const { graph } = evaluationOf(SHAPE, (x) => {
      const y = convolution(x, 'conv', 8);
      x.tracer.output('features', y);
      return fixedAbn(y, 'bn', LEAKY);
    });
    expect(fold(graph)).toEqual(graph);
  });

  it('does not change graphs with a backward pass', () => {
    const { graph } = residualStep();
    expect(fold(graph)).toBe(graph);
  });

  it('can be disabled', () => {
    const { graph } = evaluationOf(SHAPE, block);
    expect(fold(graph, false)).toBe(graph);
    expect(opsOf(compile(graph, cpu(), { fold: false }).graph)).toContain('abn_apply bn1');
  });
});

const LAYERS: readonly LayerOptions[] = [
  {},
  { size: 1, bias: true },
  { groups: 4 },
  { dilation: 2, bias: true },
  { stride: 2 },
];

const cases = ACTIVATIONS.flatMap((name) =>
  LAYERS.flatMap((layer, index) =>
    (['abs', 'plain'] as const).map((scale) => ({ name, layer, scale, affine: index !== 1 })),
  ),
);

describe.each(['float32', 'bfloat16'] as const)('a folded network in %s', (precision) => {
  /** Largest difference, relative to the largest element. */
  async function difference({ graph, inputs }: { graph: Graph; inputs: Arrays }): Promise<number> {
    const store = filledStore([graph]);
    const [folded = [], plain = []] = await Promise.all(
      [true, false].map(async (on) => {
        const { outputs } = await programOf(graph, { store, precision, fold: on }).run(inputs);
        return toFloat64('float32', outputs.out ?? new Float32Array());
      }),
    );
    const size = Math.max(...plain.map(Math.abs));
    return Math.max(...plain.map((value, i) => Math.abs((folded[i] ?? Number.NaN) - value) / size));
  }

  const tolerance = precision === 'float32' ? 1e-5 : 2 ** -6;

  it.each(cases)(
    'matches the unfolded network: $name, $scale, $layer',
    async ({ name, layer, scale, affine }) => {
      const step = evaluationOf(SHAPE, (x) => {
        const y = fixedAbn(convolution(x, 'conv', 8, layer), 'bn', act(name), scale, affine);
        const z = fixedAbn(convolution(y, 'last', 8, layer), 'last_bn', IDENTITY, scale);
        return add(convolution(y, 'proj', 8, layer), z, act(name));
      });
      expect(await difference(step)).toBeLessThan(tolerance);
    },
  );

  it('matches the unfolded network: a block', async () => {
    expect(await difference(evaluationOf(SHAPE, block))).toBeLessThan(tolerance);
  });
});
