import { describe, expect, it } from 'vitest';
import type { Graph } from '../../src/ir/graph.js';
import { Tracer } from '../../src/ir/tracer.js';
import { activation } from '../../src/ops/activation.js';
import { guardFinite } from '../../src/ops/guard_finite.js';
import { reduceRows } from '../../src/ops/reduce_rows.js';
import { sgd } from '../../src/ops/sgd.js';
import { order } from '../../src/passes/order.js';
import { prune } from '../../src/passes/prune.js';
import { rebuild } from '../../src/passes/rebuild.js';
import { LEAKY, residualStep } from '../support/nets.js';

const SGD = { momentum: 0, weight_decay: 0, nesterov: false };
const ops = (graph: Graph): string[] => order(graph).nodes.map(({ op }) => op.name);

function step(body: (tracer: Tracer) => void): Graph {
  const tracer = new Tracer();
  body(tracer);
  return tracer.finish();
}

function update(tracer: Tracer): void {
  const [param, grad] = [tracer.state('w', [3], 'float32', 'parameter'), tracer.input('g', [3], 'float32')];
  const lr = tracer.input('lr', [], 'float32');
  tracer.during('update', null, () =>
    tracer.assign(param, sgd({ param, grad, momentum: null, lr, clip: null }, SGD).param),
  );
}

describe('order', () => {
  it('updates after a guard that was traced later', () => {
    const graph = step((tracer) => {
      update(tracer);
      guardFinite(reduceRows(tracer.input('x', [2, 3], 'float32')), 'the sum');
    });
    expect(ops(graph)).toEqual(['reduce_rows', 'guard_finite', 'sgd']);
  });

  it('updates after the last reader of the state', () => {
    const graph = step((tracer) => {
      update(tracer);
      const w = tracer.state('w', [3], 'float32', 'parameter');
      tracer.during('backward', null, () => tracer.output('read', activation(w, LEAKY)));
    });
    expect(ops(graph)).toEqual(['activation', 'sgd']);
  });

  it('rebuilds just before the first reader and updates as early as possible', () => {
    const graph = order(rebuild(prune(residualStep().graph)).graph);
    const lines = graph.nodes
      .filter(({ phase }) => phase !== 'forward')
      .map(({ op, path, phase }) => `${phase === 'update' ? '  ' : ''}${op.name} @${path}`);
    expect(lines).toMatchInlineSnapshot(`
      [
        "  abn_running @stem.bn",
        "  abn_running @block.bn1",
        "  abn_running @block.bn2",
        "constant @",
        "cross_entropy_backward @",
        "linear_backward_data @",
        "linear_backward_weights @",
        "  sgd @",
        "global_avg_pool_backward @",
        "activation_backward @block",
        "add_invert @block",
        "abn_backward_reduce @block.bn2",
        "abn_backward_weight @block.bn2",
        "abn_backward_apply @block.bn2",
        "  sgd @",
        "  sgd @",
        "conv2d_backward_data @block.conv2",
        "conv2d_backward_weights @block.conv2",
        "  sgd @",
        "abn_backward_reduce @block.bn1",
        "abn_backward_weight @block.bn1",
        "abn_backward_apply @block.bn1",
        "  sgd @",
        "  sgd @",
        "conv2d_backward_data @block.conv1",
        "conv2d_backward_weights @block.conv1",
        "  sgd @",
        "add @block.conv1",
        "max_pool_backward @stem",
        "abn_backward_reduce @stem.bn",
        "abn_backward_weight @stem.bn",
        "abn_backward_apply @stem.bn",
        "  sgd @",
        "  sgd @",
        "conv2d_backward_weights @stem.conv",
        "  sgd @",
      ]
    `);
  });

  it('puts every update after every guard', () => {
    const graph = order(prune(residualStep().graph));
    const guard = graph.nodes.findIndex(({ op }) => op.name === 'guard_finite');
    const first = graph.nodes.findIndex(({ phase }) => phase === 'update');
    expect(guard).toBeGreaterThan(0);
    expect(first).toBeGreaterThan(guard);
  });

  it('keeps every node', () => {
    const { graph } = residualStep();
    expect(new Set(order(graph).nodes)).toEqual(new Set(graph.nodes));
  });
});
