/** Tells instructions apart by what their time depends on. */
import type { DType } from '@inplace-abn/tensor';
import { specKey } from '../devices/kernel-choices.js';
import { costOf } from '../ir/infer.js';
import type { Draft } from '../plan/draft.js';
import { type Scheduled, specOf } from '../plan/schedule.js';

/** An instruction without its addresses and its layer. */
export interface Signature {
  /** Name of the op; `layout of` it where the kernel writes its layout of constant operands. */
  readonly op: string;
  /** Of the first operand, or of the first result where there is none. */
  readonly dtype: DType;
  /** Op, types and attributes, in words. */
  readonly key: string;
  /** Name of the kernel's implementation. */
  readonly kernel: string;
  /** Floating-point operations. */
  readonly operations: number;
  /** Bytes that must cross the memory bus at least once. */
  readonly bytes: number;
  /** Channels of the first operand and of the first result: kernels are faster on some than on others. */
  readonly channels: readonly [number, number];
}

/** The signature of an instruction of a plan, or of a draft of one. */
export function signatureOf(
  { graph, regions }: Pick<Draft, 'graph' | 'regions'>,
  { node, kernel, part }: Scheduled,
): Signature {
  const spec = specOf(graph, node, regions);
  const first = spec.inputs.find((operand) => operand !== null) ?? spec.outputs[0];
  const [result = first] = spec.outputs;
  const layout = part === 'layout';
  const key = specKey(spec);
  const { flops, bytes } = costOf(graph, node);
  return {
    op: layout ? `layout of ${spec.op}` : spec.op,
    dtype: first?.dtype ?? 'float32',
    key: layout ? `layout of ${key}` : key,
    kernel: kernel.implementation,
    operations: layout ? 0 : flops,
    bytes: layout ? 2 * (kernel.layout?.bytes ?? 0) : bytes,
    channels: [first?.shape[1] ?? 1, result?.shape[1] ?? 1],
  };
}
