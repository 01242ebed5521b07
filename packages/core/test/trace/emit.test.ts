import { describe, expect, it } from 'vitest';
import type { NoAttributes, OpDefinition } from '../../src/ir/define.js';
import { emit } from '../../src/ir/emit.js';
import { Tracer } from '../../src/ir/tracer.js';
import { activationOp } from '../../src/ops/activation.js';
import { conv2dOp } from '../../src/ops/conv2d.js';
import { softmaxOp } from '../../src/ops/softmax.js';

const images = () => new Tracer().input('x', [1, 2, 3, 3], 'float32');

describe('emit', () => {
  it('gives the node the definition itself', () => {
    const x = images();
    emit(softmaxOp, [x], {});
    expect(x.tracer.traced.map(({ op }) => op)).toEqual([softmaxOp]);
  });

  it('accepts the attributes of its op and no others', () => {
    const x = images();
    expect(emit(activationOp, [x], { activation: 'relu', slope: 0 }).shape).toEqual(x.shape);
    // @ts-expect-error: a misspelt attribute
    emit(activationOp, [x], { activation: 'relu', slop: 0 });
    // @ts-expect-error: an attribute of another type
    emit(activationOp, [x], { activation: 'cosine', slope: 0 });
    // @ts-expect-error: an attribute that the op does not have
    emit(softmaxOp, [x], { axis: 1 });
    const window = { stride: [1, 1], padding: [0, 0], dilation: [1, 1] };
    // @ts-expect-error: groups are missing
    expect(() => emit(conv2dOp, [x, x], window)).toThrow();
  });
});

describe('an op definition', () => {
  it('does not compile without one of its rules', () => {
    const { rows, ...others } = softmaxOp;
    // @ts-expect-error: rows must be stated, if only as null
    const incomplete: OpDefinition<NoAttributes> = others;
    expect({ ...incomplete, rows }).toEqual(softmaxOp);
  });
});
