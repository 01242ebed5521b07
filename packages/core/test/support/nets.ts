/** Small training steps for tests of the compiler and the program. */

import { channels, rows } from '@inplace-abn/tensor';
import type { CompileOptions } from '../../src/compile/compile.js';
import type { Device } from '../../src/devices/device.js';
import type { ActivationAttributes } from '../../src/ir/activations.js';
import type { Graph } from '../../src/ir/graph.js';
import { Tracer } from '../../src/ir/tracer.js';
import type { Value } from '../../src/ir/value.js';
import { abnApply } from '../../src/ops/abn_apply.js';
import { abnRunning } from '../../src/ops/abn_running.js';
import { abnStats } from '../../src/ops/abn_stats.js';
import { add } from '../../src/ops/add.js';
import { type Conv2dOptions, conv2d } from '../../src/ops/conv2d.js';
import { crossEntropy } from '../../src/ops/cross_entropy.js';
import { globalAvgPool } from '../../src/ops/global_avg_pool.js';
import { guardFinite } from '../../src/ops/guard_finite.js';
import { linear } from '../../src/ops/linear.js';
import { maxPool } from '../../src/ops/max_pool.js';
import { sgd } from '../../src/ops/sgd.js';
import { gradients } from '../../src/passes/gradient.js';
import type { Arrays } from '../../src/program/program.js';
import { programOf } from '../../src/program/program-of.js';
import { integers, normal, parameter } from './prng.js';

export const LEAKY: ActivationAttributes = { activation: 'leaky_relu', slope: 0.1 };

export interface Step {
  readonly graph: Graph;
  readonly inputs: Arrays;
}

export function conv(
  x: Value,
  name: string,
  width: number,
  size: number,
  options: Conv2dOptions = {},
): Value {
  const { tracer } = x;
  return tracer.within(name, () => {
    const groups = options.groups ?? 1;
    const shape = [width, channels(x.shape) / groups, size, size];
    return conv2d(x, tracer.state(tracer.path, shape, 'float32', 'parameter'), null, {
      padding: size >> 1,
      ...options,
    });
  });
}

/** An ABN layer with affine parameters and running statistics, all states under its path. */
export function abn(
  x: Value,
  name: string,
  act: ActivationAttributes = LEAKY,
  scale: 'abs' | 'plain' = 'abs',
  statistics: 'batch' | 'fixed' = 'batch',
): Value {
  const { tracer } = x;
  return tracer.within(name, () => {
    const width = [channels(x.shape)];
    const state = (leaf: string, kind: 'parameter' | 'buffer') =>
      tracer.state(`${tracer.path}.${leaf}`, width, 'float32', kind);
    const batch = statistics === 'batch' ? abnStats(x) : null;
    const running = {
      mean: state('running_mean', 'buffer'),
      variance: state('running_var', 'buffer'),
      batches: tracer.state(`${tracer.path}.num_batches_tracked`, [], 'int64', 'buffer'),
    };
    tracer.during('update', null, () => {
      if (!batch) return;
      const next = abnRunning(running, batch, { momentum: 0.1, count: rows(x.shape) });
      tracer.assign(running.mean, next.mean);
      tracer.assign(running.variance, next.variance);
      tracer.assign(running.batches, next.batches);
    });
    const affine = { weight: state('weight', 'parameter'), bias: state('bias', 'parameter') };
    return abnApply(x, batch ?? running, affine, { ...act, eps: 1e-3, scale, statistics });
  });
}

/**
 * Adds a classifier, loss, guard, gradients and SGD to the output of `body` on images [batch, 3, size, size].
 */
export function classifierStep(batch: number, size: number, body: (x: Value) => Value): Step {
  const classes = 5;
  const tracer = new Tracer();
  const x = tracer.input('x', [batch, 3, size, size], 'float32');
  const labels = tracer.input('labels', [batch], 'int32');
  const lr = tracer.input('lr', [], 'float32');
  const pooled = globalAvgPool(body(x));
  const fc = tracer.state('fc', [classes, channels(pooled.shape)], 'float32', 'parameter');
  const loss = crossEntropy(linear(pooled, fc, null), labels);
  guardFinite(loss, 'the loss');
  tracer.output('loss', loss);
  applySgd(tracer, loss, lr);
  const inputs = {
    x: normal('x', x.shape),
    labels: integers('labels', [batch], classes),
    lr: Float32Array.of(0.1),
  };
  return { graph: tracer.finish(), inputs };
}

function applySgd(tracer: Tracer, loss: Value, lr: Value): void {
  const parameters = tracer.finish().states.filter(({ kind }) => kind === 'parameter');
  const grads = gradients(
    loss,
    parameters.map(({ value }) => tracer.value(value)),
  );
  const attrs = { momentum: 0.9, weight_decay: 1e-3, nesterov: true };
  tracer.during('update', null, () =>
    parameters.forEach(({ name, value }, index) => {
      const [param, grad] = [tracer.value(value), grads[index]];
      if (!grad) return;
      const momentum = tracer.state(`${name}.momentum`, param.shape, 'float32', 'optimizer');
      const next = sgd({ param, grad, momentum, lr, clip: null }, attrs);
      tracer.assign(param, next.param);
      if (next.momentum) tracer.assign(momentum, next.momentum);
    }),
  );
}

/** Stem, pooling and one post-activation residual block. */
export function residualStep(batch = 2, size = 8): Step {
  return classifierStep(batch, size, (x) => {
    const { tracer } = x;
    const stem = tracer.within('stem', () => maxPool(abn(conv(x, 'conv', 8, 3), 'bn'), 2));
    return tracer.within('block', () => {
      const inner = abn(conv(stem, 'conv1', 4, 1), 'bn1');
      const out = abn(conv(inner, 'conv2', 8, 3), 'bn2', { activation: 'identity', slope: 0 });
      return add(out, stem, LEAKY);
    });
  });
}

/** Compiles a step and fills its states: parameters by name, variances with 1, everything else with 0. */
export function loadStep({ graph, inputs }: Step, device: Device, options: CompileOptions = {}) {
  const program = programOf(graph, { device, ...options });
  const { plan, store } = program;
  for (const { name, kind, shape } of store.specs) {
    if (kind === 'parameter') store.write(name, parameter(shape.length === 1 ? name : `w:${name}`, shape));
    if (name.endsWith('running_var')) store.write(name, store.read(name, 'float32').data.fill(1));
  }
  return { plan, store, inputs, program };
}
