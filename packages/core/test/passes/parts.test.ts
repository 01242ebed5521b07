import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { compile } from '../../src/compile/compile.js';
import { logParts } from '../../src/debug/log.js';
import type { CompileOptions } from '../../src/index.js';
import type { Graph } from '../../src/ir/graph.js';
import { Tracer } from '../../src/ir/tracer.js';
import type { Value } from '../../src/ir/value.js';
import { cpu } from '../../src/native/cpu.js';
import { clipScale } from '../../src/ops/clip_scale.js';
import { conv2d } from '../../src/ops/conv2d.js';
import { crossEntropy } from '../../src/ops/cross_entropy.js';
import { globalAvgPool } from '../../src/ops/global_avg_pool.js';
import { linear } from '../../src/ops/linear.js';
import { sgd } from '../../src/ops/sgd.js';
import { gradients } from '../../src/passes/gradient.js';
import { parts } from '../../src/passes/parts.js';
import { loadStep, type Step } from '../support/nets.js';
import { integers, normal } from '../support/prng.js';

const RULE = { momentum: 0.9, weight_decay: 1e-3, nesterov: true };
/** Channels of the convolution; its weights take 4.5 MiB. */
const CHANNELS = { inputs: 1024, outputs: 1152 };

interface Shape {
  readonly size?: number;
  readonly groups?: number;
  readonly clip?: boolean;
  readonly fetched?: boolean;
}

/** A wide 1×1 convolution and a classifier, trained by SGD with momentum. */
function wideStep({ size = 2, groups = 1, clip = false, fetched = false }: Shape = {}): Step {
  const tracer = new Tracer();
  const x = tracer.input('x', [2, CHANNELS.inputs, size, size], 'float32');
  const labels = tracer.input('labels', [2], 'int32');
  const lr = tracer.input('lr', [], 'float32');
  const weights = {
    'conv.weight': [CHANNELS.outputs, CHANNELS.inputs / groups, 1, 1],
    'fc.weight': [10, CHANNELS.outputs],
  };
  const parameters = Object.entries(weights).map(([name, shape]) => ({
    name,
    param: tracer.state(name, shape, 'float32', 'parameter'),
  }));
  const [conv, fc] = parameters.map(({ param }) => param) as [Value, Value];
  const y = tracer.within('conv', () => conv2d(x, conv, null, { groups }));
  const loss = crossEntropy(linear(globalAvgPool(y), fc, null), labels);
  tracer.output('loss', loss);
  const grads = gradients(loss, [conv, fc]).filter((grad) => grad !== null);
  if (fetched && grads[0]) tracer.output('grad', grads[0]);
  tracer.during('update', null, () => {
    const scale = clip ? clipScale(grads, 1).scale : null;
    parameters.forEach(({ name, param }, index) => {
      const momentum = tracer.state(`${name}.momentum`, param.shape, 'float32', 'optimizer');
      const grad = grads[index];
      if (!grad) return;
      const next = sgd({ param, grad, momentum, lr, clip: scale }, RULE);
      tracer.assign(param, next.param);
      if (next.momentum) tracer.assign(momentum, next.momentum);
    });
  });
  const inputs = {
    x: normal('x', x.shape),
    labels: integers('labels', [2], 10),
    lr: Float32Array.of(0.1),
  };
  return { graph: tracer.finish(), inputs };
}

const ops = (graph: Graph): string[] => compile(graph, cpu()).graph.nodes.map(({ op }) => op.name);

/** Losses of three steps, and the weights and momenta after them. */
async function trained(options: CompileOptions) {
  const { program, inputs, store, plan } = loadStep(wideStep(), cpu(), options);
  const losses: number[] = [];
  for (let step = 0; step < 3; step++) {
    const { outputs } = await program.run(inputs);
    losses.push(Number(outputs.loss?.[0]));
  }
  const states = ['conv.weight', 'conv.weight.momentum'].map((name) => store.read(name, 'float32').data);
  return { losses, states, plan };
}

describe('parts', () => {
  it('computes a large gradient in parts, each used before the next is computed', () => {
    const names = ops(wideStep().graph);
    const first = names.indexOf('conv2d_backward_weights');
    expect(names.slice(first - 1)).toEqual([
      'slice_channels',
      'conv2d_backward_weights',
      'sgd',
      'slice_channels',
      'conv2d_backward_weights',
      'sgd',
    ]);
    const { decisions } = parts(wideStep().graph);
    expect(logParts(decisions)).toMatch(
      /^parts: %\d+ \(conv2d_backward_weights at conv, 4\.50 MiB\) in 2 parts, each used before the next$/,
    );
  });

  it('gives the same states with less memory', async () => {
    const [divided, whole] = [await trained({}), await trained({ parts: false })];
    const gradient = CHANNELS.inputs * CHANNELS.outputs * 4;
    expect(whole.plan.bytes.gradients).toBeGreaterThanOrEqual(gradient);
    expect(divided.plan.bytes.gradients).toBeLessThanOrEqual(gradient / 2);
    expect(divided.losses[2]).toBeLessThan(divided.losses[0] ?? 0);
    for (const [step, loss] of whole.losses.entries()) expect(divided.losses[step]).toBeCloseTo(loss, 5);
    divided.states.forEach((state, i) => {
      const expected = whole.states[i];
      const worst = state.reduce((most, v, at) => Math.max(most, Math.abs(v - (expected?.[at] ?? 0))), 0);
      expect(worst).toBeLessThan(1e-6);
    });
  });

  it('passes the comparison with the reference device', async () => {
    vi.stubEnv('IABN_DEBUG', '5');
    const written = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
    onTestFinished(() => {
      vi.unstubAllEnvs();
      vi.restoreAllMocks();
    });
    const { program, inputs } = loadStep(wideStep({ size: 1 }), cpu());
    expect((await program.run(inputs)).outputs.loss?.[0]).toBeGreaterThan(0);
    expect(written.mock.calls.join('')).toContain('in 2 parts, each used before the next');
  });

  it.each<[string, Shape]>([
    ['is clipped by the global norm', { clip: true }],
    ['is an output', { fetched: true }],
    ['is of grouped weights', { groups: 2 }],
    ['is smaller than its operands', { size: 20 }],
  ])('does not split a gradient that %s', (_, shape) => {
    const { graph } = wideStep(shape);
    expect(parts(graph)).toEqual({ graph, decisions: [] });
  });

  it('does nothing if disabled', () => {
    const { graph } = wideStep();
    expect(parts(graph, false)).toEqual({ graph, decisions: [] });
  });
});
