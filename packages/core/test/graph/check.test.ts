import { describe, expect, it } from 'vitest';
import { checkGraph } from '../../src/ir/check.js';
import { type Graph, type GraphNode, valueInfo } from '../../src/ir/graph.js';
import { formatGraph } from '../../src/ir/text.js';
import { Tracer } from '../../src/ir/tracer.js';
import { activation } from '../../src/ops/activation.js';
import { add } from '../../src/ops/add.js';
import { conv2d } from '../../src/ops/conv2d.js';
import { sgd } from '../../src/ops/sgd.js';
import { prune } from '../../src/passes/prune.js';
import { LEAKY, residualStep } from '../support/nets.js';

function sound(): Graph {
  const tracer = new Tracer();
  const [x, w] = [tracer.input('x', [2, 3], 'float32'), tracer.state('w', [2, 3], 'float32', 'parameter')];
  const lr = tracer.input('lr', [], 'float32');
  const y = tracer.within('mod1', () => activation(x, LEAKY));
  const attrs = { momentum: 0, weight_decay: 0, nesterov: false };
  tracer.assign(w, sgd({ param: w, grad: y, momentum: null, lr, clip: null }, attrs).param);
  tracer.output('y', add(y, y));
  return tracer.finish();
}

const mapNodes = (graph: Graph, change: (node: GraphNode) => GraphNode): Graph => ({
  ...graph,
  nodes: graph.nodes.map(change),
});

describe('checkGraph', () => {
  it('returns a sound graph', () => {
    const graph = sound();
    expect(checkGraph(graph, 'trace')).toBe(graph);
    const { graph: step } = residualStep();
    expect(checkGraph(step, 'trace')).toBe(step);
  });

  it.each<[string, (graph: Graph) => Graph]>([
    [
      'pass test broke the graph: node #1 sgd at (top): %3 is read before it is written',
      (graph) => ({ ...graph, nodes: [...graph.nodes.slice(1), ...graph.nodes.slice(0, 1)] }),
    ],
    [
      'pass test broke the graph: node #2 add at (top): %3 is written twice',
      (graph) => mapNodes(graph, (node) => (node.op.name === 'add' ? { ...node, outputs: [3] } : node)),
    ],
    [
      'pass test broke the graph: node #0 activation at mod1: output 0 is float32[2,3] but is recorded as bfloat16[2,3]',
      (graph) => {
        const values = new Map(graph.values);
        values.set(3, { ...valueInfo(graph, 3), dtype: 'bfloat16' });
        return { ...graph, values };
      },
    ],
    [
      'pass test broke the graph: node #0 activation at mod1: writes 2 values, activation has 1',
      (graph) => mapNodes(graph, (node) => (node.id === 0 ? { ...node, outputs: [3, 5] } : node)),
    ],
    [
      'pass test broke the graph: output y (%5) is not written',
      (graph) => ({ ...graph, nodes: graph.nodes.filter(({ op }) => op.name !== 'add') }),
    ],
    [
      'pass test broke the graph: the update %4 of state %1 is missing or of another size',
      (graph) => ({ ...graph, nodes: graph.nodes.filter(({ op }) => op.name !== 'sgd') }),
    ],
  ])('%s', (message, breakIt) => {
    expect(() => checkGraph(breakIt(sound()), 'test')).toThrow(message);
  });

  it('names a value that is not in the graph', () => {
    expect(() => valueInfo(sound(), 99)).toThrow('the graph has no value %99');
  });
});

describe('formatGraph', () => {
  it('shows inputs, states, nodes by phase, outputs and updates', () => {
    expect(formatGraph(sound())).toMatchInlineSnapshot(`
      "input x %0:float32[2,3]
      input lr %2:float32[]
      state w %1:float32[2,3] parameter
      forward:
        %3:float32[2,3] = activation(%0) {activation: leaky_relu, slope: 0.1} @mod1
        %4:float32[2,3] = sgd(%1, %3, _, %2, _) {momentum: 0, weight_decay: 0, nesterov: false, begin: 0}
        %5:float32[2,3] = add(%3, %3) {activation: identity, slope: 0}
      output y %5
      update %1 <- %4"
    `);
  });
});

describe('prune', () => {
  it('removes dead nodes only', () => {
    const tracer = new Tracer();
    const x = tracer.input('x', [2, 3], 'float32');
    const used = activation(x, LEAKY);
    activation(activation(used, LEAKY), LEAKY);
    tracer.output('used', used);
    expect(prune(tracer.finish()).nodes.map(({ outputs }) => outputs)).toEqual([[used.id]]);
    const graph = sound();
    expect(prune(graph)).toEqual(graph);
  });

  it('keeps guards', () => {
    const ops = prune({ ...residualStep().graph, outputs: new Map(), updates: new Map() }).nodes.map(
      ({ op }) => op.name,
    );
    expect(ops.at(-1)).toBe('guard_finite');
    expect(ops).not.toContain('sgd');
  });
});

describe('a value too large to address', () => {
  it('is rejected at trace time, naming its layer and size', () => {
    const tracer = new Tracer();
    const wide = 64e9;
    expect(() => tracer.state('mod1.conv.weight', [wide, wide, 3, 3], 'float32', 'parameter')).toThrow(
      'mod1.conv.weight: float32[64000000000,64000000000,3,3] takes 1.47e+11 TB, more than a program can address: use fewer channels, smaller images or smaller batches',
    );
    const attrs = { stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 } as const;
    const x = tracer.input('x', [1024, 3, 224, 224], 'float32');
    const w = tracer.state('w', [1e6, 3, 1, 1], 'float32', 'parameter');
    expect(() => tracer.within('mod1', () => conv2d(x, w, null, attrs))).toThrow(
      'mod1: float32[1024,1000000,224,224] takes 206 TB',
    );
  });
});
