/** Evaluation graphs for tests: layers with running statistics, and states with random content. */

import { channels, type Shape } from '@inplace-abn/tensor';
import type { ActivationAttributes } from '../../src/ir/activations.js';
import type { Graph } from '../../src/ir/graph.js';
import { trace } from '../../src/ir/tracer.js';
import type { Value } from '../../src/ir/value.js';
import { cpu } from '../../src/native/cpu.js';
import { abnApply } from '../../src/ops/abn_apply.js';
import { type Conv2dOptions, conv2d } from '../../src/ops/conv2d.js';
import type { AbnScale } from '../../src/ops/support/abn.js';
import type { Arrays } from '../../src/program/program.js';
import { Store, statesOf } from '../../src/program/store.js';
import { normal, parameter, uniform } from './prng.js';

export interface LayerOptions extends Conv2dOptions {
  readonly size?: number;
  readonly bias?: boolean;
}

/** A convolution with `width` channels that preserves the size of its input. */
export function convolution(x: Value, name: string, width: number, options: LayerOptions = {}): Value {
  const { tracer } = x;
  const { size = 3, bias = false, dilation = 1, groups = 1, ...rest } = options;
  return tracer.within(name, () => {
    const shape = [width, channels(x.shape) / groups, size, size];
    const weight = tracer.state(`${tracer.path}.weight`, shape, 'float32', 'parameter');
    const shift = bias ? tracer.state(`${tracer.path}.bias`, [width], 'float32', 'parameter') : null;
    const padding = (size >> 1) * (typeof dilation === 'number' ? dilation : 1);
    return conv2d(x, weight, shift, { padding, dilation, groups, ...rest });
  });
}

/** A layer with fixed statistics. */
export function fixedAbn(
  x: Value,
  name: string,
  act: ActivationAttributes,
  scale: AbnScale = 'abs',
  affine = true,
): Value {
  const { tracer } = x;
  return tracer.within(name, () => {
    const state = (leaf: string) =>
      tracer.state(`${tracer.path}.${leaf}`, [channels(x.shape)], 'float32', 'parameter');
    const statistics = { mean: state('running_mean'), variance: state('running_var') };
    const parameters = affine ? { weight: state('weight'), bias: state('bias') } : null;
    return abnApply(x, statistics, parameters, { ...act, eps: 1e-3, scale, statistics: 'fixed' });
  });
}

/** A graph over images `x`; its output is `out`. */
export function evaluationOf(
  shape: Shape,
  body: (x: Value) => Value,
): { graph: Graph<{ out: 'float32' }>; inputs: Arrays } {
  const graph = trace((tracer) => ({ out: body(tracer.input('x', shape, 'float32')).as('float32') }));
  return { graph, inputs: { x: normal('x', shape) } };
}

/** The states of the graphs, filled by name; `salt` varies the numbers. */
export function filledStore(graphs: readonly Graph[], salt = ''): Store {
  const store = new Store(cpu(), statesOf(...graphs));
  for (const { name, shape } of store.specs) store.write(name, stateOf(name, shape, salt));
  return store;
}

export function stateOf(name: string, shape: Shape, salt = ''): Float32Array {
  if (name.endsWith('running_var')) return uniform(name + salt, shape, 0.5, 2);
  if (name.endsWith('running_mean')) return normal(name + salt, shape, 0, 0.3);
  return parameter(salt + name, shape);
}
