import { describe, expect, it } from 'vitest';
import { ShapeError, UsageError } from '../../src/errors.js';
import { outputAt } from '../../src/ir/emit.js';
import { formatGraph } from '../../src/ir/text.js';
import { Tracer } from '../../src/ir/tracer.js';
import type { Value } from '../../src/ir/value.js';
import { abnApply } from '../../src/ops/abn_apply.js';
import { activation } from '../../src/ops/activation.js';
import { add } from '../../src/ops/add.js';
import { conv2d } from '../../src/ops/conv2d.js';
import { crossEntropy } from '../../src/ops/cross_entropy.js';
import { linear } from '../../src/ops/linear.js';
import { pack } from '../../src/ops/pack.js';
import { softmaxBackward } from '../../src/ops/softmax_backward.js';
import { topkCorrect } from '../../src/ops/topk_correct.js';
import { unpack } from '../../src/ops/unpack.js';
import { gradients } from '../../src/passes/gradient.js';
import { abn, LEAKY } from '../support/nets.js';

function lossOf(tracer: Tracer, x = tracer.input('x', [2, 4], 'float32')) {
  const w = tracer.state('w', [4, 4], 'float32', 'parameter');
  return { x, w, loss: (h: Value = x) => crossEntropy(h, tracer.input('labels', [2], 'int32')) };
}

describe('gradients', () => {
  it('walks back from the loss, adding gradients that reach a value twice', () => {
    const tracer = new Tracer();
    const { x, w, loss } = lossOf(tracer);
    const h = tracer.within('fc', () => linear(x, w, null));
    const out = tracer.within('block', () => add(activation(h, LEAKY), h));
    const [dw] = gradients(loss(out), [w]);
    if (dw) tracer.output('dw', dw);
    expect(formatGraph(tracer.finish())).toMatchInlineSnapshot(`
      "input x %0:float32[2,4]
      input labels %5:int32[2]
      state w %1:float32[4,4] parameter
      forward:
        %2:float32[2,4] = linear(%0, %1, _) @fc
        %3:float32[2,4] = activation(%2) {activation: leaky_relu, slope: 0.1} @block
        %4:float32[2,4] = add(%3, %2) {activation: identity, slope: 0} @block
        %6:float32[] = cross_entropy(%4, %5) {ignore_index: -100, label_smoothing: 0}
      backward:
        %7:float32[] = constant() {value: 1, shape: [], dtype: float32}
        %8:float32[2,4] = cross_entropy_backward(%4, %5, %7) {ignore_index: -100, label_smoothing: 0}
        %9:float32[2,4] = activation_backward(%8, %3) {activation: leaky_relu, slope: 0.1} @block
        %10:float32[2,4] = add(%8, %9) {activation: identity, slope: 0} @block
        %11:float32[4,4] = linear_backward_weights(%0, %10) @fc
      output dw %11"
    `);
  });

  it('adds the gradients of a parameter that is used twice, and counts the sum as its gradient', () => {
    const tracer = new Tracer();
    const { x, w, loss } = lossOf(tracer);
    const [dw] = gradients(loss(linear(linear(x, w, null), w, null)), [w]);
    expect(dw?.kind).toBe('gradient');
    expect(tracer.traced.at(-1)?.op.name).toBe('add');
  });

  it('requests only the gradients that are needed', () => {
    const tracer = new Tracer();
    const image = tracer.input('image', [1, 3, 4, 4], 'float32');
    const w = tracer.state('w', [2, 3, 3, 3], 'float32', 'parameter');
    const logits = conv2d(image, w, null, { padding: 1 });
    gradients(crossEntropy(logits, tracer.input('labels', [1, 4, 4], 'int32')), [w]);
    expect(tracer.traced.map(({ op }) => op.name)).toMatchInlineSnapshot(`
      [
        "conv2d",
        "cross_entropy",
        "constant",
        "cross_entropy_backward",
        "conv2d_backward_weights",
      ]
    `);
  });

  it('flows through batch statistics, marked with their layer', () => {
    const tracer = new Tracer();
    const { x, w, loss } = lossOf(tracer);
    const z = abn(linear(x, w, null), 'bn');
    gradients(loss(z), [
      w,
      tracer.value(tracer.finish().states.find(({ name }) => name === 'bn.weight')?.value ?? -1),
    ]);
    const layer = tracer.traced.find(({ op }) => op.name === 'abn_apply');
    const backward = tracer.traced.filter(({ origin }) => origin === layer?.id);
    expect(backward.map(({ op, phase, path }) => `${op.name} ${phase} @${path}`)).toMatchInlineSnapshot(`
      [
        "abn_backward_reduce backward @bn",
        "abn_backward_weight backward @bn",
        "abn_backward_apply backward @bn",
      ]
    `);
  });

  it('is null if the loss does not depend on a value', () => {
    const tracer = new Tracer();
    const { x, w, loss } = lossOf(tracer);
    const logits = linear(x, w, null);
    const unused = tracer.state('unused', [4], 'float32', 'parameter');
    topkCorrect(logits, tracer.input('top', [2], 'int32'), [1]);
    expect(gradients(loss(logits), [unused, w]).map((diff) => diff?.shape ?? null)).toEqual([null, [4, 4]]);
  });

  it.each<[string, (w: Value, layer: (bias: Value) => Value) => Value]>([
    ['pack', (w, layer) => layer(pack([w]))],
    ['unpack', (w) => outputAt(unpack(w, [[1, 16]]), 0)],
    ['softmax_backward', (w, layer) => activation(softmaxBackward(layer(w), layer(w)), LEAKY)],
  ])('rejects going through %s, which has no rule', (op, body) => {
    const tracer = new Tracer();
    const x = tracer.input('x', [1, 4], 'float32');
    const fc = tracer.state('fc', [16, 4], 'float32', 'parameter');
    const w = tracer.state('w', [16], 'float32', 'parameter');
    const labels = tracer.input('labels', [1], 'int32');
    const logits = tracer.within('block', () => body(w, (bias) => linear(x, fc, bias)));
    // Values that do not affect the loss do not need a gradient rule.
    expect(gradients(crossEntropy(linear(x, fc, null), labels), [w, fc])).toEqual([null, expect.anything()]);
    const loss = crossEntropy(logits, labels);
    expect(() => gradients(loss, [w])).toThrow(UsageError);
    expect(() => gradients(loss, [w])).toThrow(
      `${op} at block has no gradient rule, and the loss depends on its result`,
    );
  });

  it("rejects an operand that its op's rule does not cover", () => {
    const tracer = new Tracer();
    const { x, loss } = lossOf(tracer);
    const mean = tracer.state('mean', [4], 'float32', 'parameter');
    const variance = tracer.state('var', [4], 'float32', 'parameter');
    const attrs = { ...LEAKY, eps: 1e-3, scale: 'abs', statistics: 'fixed' } as const;
    const z = tracer.within('bn', () => abnApply(x, { mean, variance }, null, attrs));
    const value = loss(z);
    expect(() => gradients(value, [mean])).toThrow(
      'abn_apply at bn has no gradient for mean, and the loss depends on it',
    );
  });

  it('rejects values of another trace', () => {
    const tracer = new Tracer();
    const { x, w, loss } = lossOf(tracer);
    const value = loss(linear(x, w, null));
    const other = new Tracer().input('w', [4, 4], 'float32');
    expect(() => gradients(value, [w, other])).toThrow('%0:float32[4,4] belongs to another trace');
  });

  it('requires a scalar, or a cotangent', () => {
    const tracer = new Tracer();
    expect(() => gradients(tracer.input('x', [2], 'float32'), [])).toThrow(
      'expected a scalar loss, or a cotangent with it, but received %0:float32[2] alone',
    );
  });

  describe('with a cotangent', () => {
    it('start from the cotangent and treat it as a constant', () => {
      const tracer = new Tracer();
      const { x, w } = lossOf(tracer);
      const h = linear(x, w, null);
      const cotangent = activation(h, LEAKY);
      const before = tracer.traced.length;
      const [dx] = gradients(h, [x], cotangent);
      const [node, ...others] = tracer.traced.slice(before);
      expect(others).toEqual([]);
      expect(node).toMatchObject({ inputs: [cotangent.id, w.id], outputs: [dx?.id] });
    });

    it('equal the cotangent for a value with respect to itself', () => {
      const tracer = new Tracer();
      const w = tracer.state('w', [4], 'float32', 'parameter');
      const cotangent = tracer.input('c', [4], 'float32');
      expect(gradients(w, [w], cotangent)).toEqual([cotangent]);
      expect(tracer.value(cotangent.id).kind).toBe('input');
    });

    it('reject one of another type or trace', () => {
      const tracer = new Tracer();
      const { x, w } = lossOf(tracer);
      const h = linear(x, w, null);
      const wrong = tracer.input('c', [2, 3], 'float32');
      expect(() => gradients(h, [w], wrong)).toThrow(ShapeError);
      expect(() => gradients(h, [w], wrong)).toThrow(
        `expected a cotangent of the type of ${h} but received ${wrong}`,
      );
      expect(() => gradients(h, [w], new Tracer().input('c', [2, 4], 'float32'))).toThrow('another trace');
    });
  });
});
