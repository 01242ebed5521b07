import { describe, expect, it } from 'vitest';
import { checkGraph } from '../../src/ir/check.js';
import { type Graph, valueInfo } from '../../src/ir/graph.js';
import { formatGraph } from '../../src/ir/text.js';
import { trace } from '../../src/ir/tracer.js';
import { activation } from '../../src/ops/activation.js';
import { add } from '../../src/ops/add.js';
import { colorTransform } from '../../src/ops/color_transform.js';
import { conv2d } from '../../src/ops/conv2d.js';
import { crossEntropy } from '../../src/ops/cross_entropy.js';
import { globalAvgPool } from '../../src/ops/global_avg_pool.js';
import { sgd } from '../../src/ops/sgd.js';
import { gradients } from '../../src/passes/gradient.js';
import { precision } from '../../src/passes/precision.js';
import { LEAKY, residualStep } from '../support/nets.js';

const lowered = (graph: Graph): string => formatGraph(checkGraph(precision(graph, 'bfloat16'), 'precision'));

describe('precision', () => {
  it('changes nothing for float32', () => {
    const { graph } = residualStep();
    expect(precision(graph, 'float32')).toBe(graph);
  });

  it('lowers data from the image on, and casts fetched values back', () => {
    const graph = trace((tracer) => {
      const images = tracer.input('images', [1, 3, 4, 4], 'uint8');
      const x = colorTransform(images, tracer.input('color', [1, 12], 'float32'));
      const w = tracer.state('w', [2, 3, 1, 1], 'float32', 'parameter');
      return { y: activation(conv2d(x, w, null), LEAKY) };
    });
    expect(lowered(graph)).toMatchInlineSnapshot(`
      "input images %0:uint8[1,3,4,4]
      input color %1:float32[1,12]
      state w %3:float32[2,3,1,1] parameter
      forward:
        %2:bfloat16[1,3,4,4] = color_transform(%0, %1) {dtype: bfloat16}
        %4:bfloat16[1,2,4,4] = conv2d(%2, %3, _) {stride: [1,1], padding: [0,0], dilation: [1,1], groups: 1}
        %5:bfloat16[1,2,4,4] = activation(%4) {activation: leaky_relu, slope: 0.1}
        %6:float32[1,2,4,4] = cast(%5) {dtype: float32}
      output y %6"
    `);
  });

  it('casts float32 input data once', () => {
    const graph = trace((tracer) => {
      const x = tracer.input('x', [2, 3], 'float32');
      return { y: add(x, activation(x, LEAKY)) };
    });
    expect(lowered(graph)).toMatchInlineSnapshot(`
      "input x %0:float32[2,3]
      forward:
        %3:bfloat16[2,3] = cast(%0) {dtype: bfloat16}
        %1:bfloat16[2,3] = activation(%3) {activation: leaky_relu, slope: 0.1}
        %2:bfloat16[2,3] = add(%3, %1) {activation: identity, slope: 0}
        %4:float32[2,3] = cast(%2) {dtype: float32}
      output y %4"
    `);
  });

  it('keeps losses and the gradients of parameters float32 through their sums', () => {
    const graph = trace((tracer) => {
      const labels = tracer.input('labels', [1], 'int32');
      const w = tracer.state('w', [3, 3, 1, 1], 'float32', 'parameter');
      const h = conv2d(tracer.input('x', [1, 3, 2, 2], 'float32'), w, null);
      const losses = [h, conv2d(h, w, null)].map((y) => crossEntropy(globalAvgPool(y), labels));
      const loss = losses.reduce((a, b) => add(a, b));
      const [dw] = gradients(loss, [w]);
      return { loss, ...(dw ? { dw } : {}) };
    });
    expect(lowered(graph)).toMatchInlineSnapshot(`
      "input labels %0:int32[1]
      input x %2:float32[1,3,2,2]
      state w %1:float32[3,3,1,1] parameter
      forward:
        %20:bfloat16[1,3,2,2] = cast(%2) {dtype: bfloat16}
        %3:bfloat16[1,3,2,2] = conv2d(%20, %1, _) {stride: [1,1], padding: [0,0], dilation: [1,1], groups: 1}
        %4:bfloat16[1,3,2,2] = conv2d(%3, %1, _) {stride: [1,1], padding: [0,0], dilation: [1,1], groups: 1}
        %5:bfloat16[1,3] = global_avg_pool(%3)
        %6:float32[] = cross_entropy(%5, %0) {ignore_index: -100, label_smoothing: 0}
        %7:bfloat16[1,3] = global_avg_pool(%4)
        %8:float32[] = cross_entropy(%7, %0) {ignore_index: -100, label_smoothing: 0}
        %9:float32[] = add(%6, %8) {activation: identity, slope: 0}
      backward:
        %10:float32[] = constant() {value: 1, shape: [], dtype: float32}
        %11:bfloat16[1,3] = cross_entropy_backward(%7, %0, %10) {ignore_index: -100, label_smoothing: 0}
        %12:bfloat16[1,3,2,2] = global_avg_pool_backward(%11) {size: [2,2]}
        %13:bfloat16[1,3] = cross_entropy_backward(%5, %0, %10) {ignore_index: -100, label_smoothing: 0}
        %14:bfloat16[1,3,2,2] = global_avg_pool_backward(%13) {size: [2,2]}
        %15:bfloat16[1,3,2,2] = conv2d_backward_data(%12, %1) {stride: [1,1], padding: [0,0], dilation: [1,1], groups: 1, size: [2,2]}
        %16:float32[3,3,1,1] = conv2d_backward_weights(%3, %12) {stride: [1,1], padding: [0,0], dilation: [1,1], groups: 1, kernel: [1,1]}
        %17:bfloat16[1,3,2,2] = add(%14, %15) {activation: identity, slope: 0}
        %18:float32[3,3,1,1] = conv2d_backward_weights(%20, %17) {stride: [1,1], padding: [0,0], dilation: [1,1], groups: 1, kernel: [1,1]}
        %19:float32[3,3,1,1] = add(%16, %18) {activation: identity, slope: 0}
      output loss %9
      output dw %19"
    `);
  });

  it('updates a parameter that is itself data in float32', () => {
    const graph = trace((tracer) => {
      const labels = tracer.input('labels', [2], 'int32');
      const shift = tracer.state('shift', [2, 3], 'float32', 'parameter');
      const loss = crossEntropy(add(tracer.input('x', [2, 3], 'float32'), shift), labels);
      const [grad] = gradients(loss, [shift]);
      const lr = tracer.input('lr', [], 'float32');
      if (!grad) throw new Error('no gradient');
      tracer.during('update', null, () => {
        const attrs = { momentum: 0, weight_decay: 0, nesterov: false };
        tracer.assign(shift, sgd({ param: shift, grad, momentum: null, lr, clip: null }, attrs).param);
      });
      return {};
    });
    const text = lowered(graph);
    expect(text).toMatch(/(%\d+):float32\[2,3\] = cast\(%\d+\) \{dtype: float32\}\n.*sgd\(%1, \1, _/);
  });

  it('lowers a whole training step', () => {
    const graph = checkGraph(precision(residualStep().graph, 'bfloat16'), 'precision');
    const steps = graph.nodes.filter(({ phase }) => phase !== 'update').flatMap(({ outputs }) => outputs);
    const activations = steps
      .map((id) => valueInfo(graph, id))
      .filter(({ kind, shape }) => kind === 'activation' && shape.length === 4);
    expect(new Set(activations.map(({ dtype }) => dtype))).toEqual(new Set(['bfloat16', 'uint8']));
    const gradient = [...graph.values.values()].filter(({ kind }) => kind === 'gradient');
    expect(new Set(gradient.map(({ dtype }) => dtype))).toEqual(new Set(['float32']));
  });
});
