/** Values written as types, like in error messages, and operands shared by several ops. */
import type { TensorType } from '@inplace-abn/tensor';
import { Tracer } from '../../src/ir/tracer.js';
import type { Value } from '../../src/ir/value.js';
import { fusePredictions } from '../../src/ops/fuse_predictions.js';

/** A value of the given type, such as `bfloat16[2,3]`; default dtype float32. */
function value(tracer: Tracer, name: string, text: string): Value {
  const [, dtype = '', sizes = ''] = /^(\w*)\[(.*)\]$/.exec(text) ?? [];
  const shape = sizes === '' ? [] : sizes.split(',').map(Number);
  return tracer.input(name, shape, (dtype || 'float32') as TensorType['dtype']);
}

export type Build = (v: (text: string) => Value) => Value;

export function build(body: Build): Value {
  const tracer = new Tracer();
  let count = 0;
  return tracer.within('mod1', () => body((text) => value(tracer, `in${count++}`, text)));
}

export const plain = { activation: 'identity', slope: 0, eps: 1e-5, scale: 'abs' } as const;
export const batch = { ...plain, statistics: 'batch' } as const;
export const convolution = { stride: [2, 2], padding: [1, 1], dilation: [1, 1], groups: 1 };
export const pooling = { kernel: [2, 2], stride: [2, 2], padding: [0, 0], ceil: false };

export function saved(v: (text: string) => Value, x = '[2,3,4]', vector = '[3]') {
  return { x: v(x), mean: v(vector), variance: v(vector), weight: null, bias: null };
}

export function fusion(v: (text: string) => Value, logits: string[], options = {}) {
  const mirrored = logits.map(() => false);
  return fusePredictions(logits.map(v), { mode: 'mean', size: [7, 8], mirrored, ...options });
}
