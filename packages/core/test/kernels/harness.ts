/**
 * Runs one native kernel on operands of its own, with guard bytes around every buffer, and its reference
 * implementation beside it.
 */
import { expect } from 'vitest';
import { cpu } from '../../src/devices/cpu.js';
import type { Feed, KernelSpec, Location, PreparedKernel } from '../../src/devices/device.js';
import { referenceContext } from '../../src/devices/reference/evaluate.js';
import { bytesOf, type DType, fromFloat64, toFloat64, viewAs } from '../../src/dtype.js';
import type { Attributes, Overwrite, ReferenceTensor } from '../../src/ops/define.js';
import { type OpName, opOf } from '../../src/ops/index.js';
import { inferTypes, operandAt } from '../../src/ops/infer.js';
import { align } from '../../src/passes/place.js';
import { byteLength, elements, type Shape } from '../../src/shape.js';
import { drawOperand, type KernelCase } from './operands.js';

export type DataType = 'float32' | 'bfloat16';

/** Operands of one call, rounded to their dtypes. */
export interface Call {
  readonly op: OpName;
  readonly attrs: Attributes;
  readonly inputs: readonly (ReferenceTensor | null)[];
}

export function tensor(shape: Shape, dtype: DType, values: ArrayLike<number>): ReferenceTensor {
  return { shape, dtype, data: toFloat64(dtype, fromFloat64(dtype, Float64Array.from(values))) };
}

/** Draws the operands of a case; data operands in `dtype`. */
export function callOf(op: OpName, { attrs, inputs, draw }: KernelCase, dtype: DataType): Call {
  const definition = opOf(op);
  const tensors = inputs.map((shape, index): ReferenceTensor | null => {
    if (!shape) return null;
    const operand = operandAt(definition.inputs, index);
    if (!operand) throw new RangeError(`${op} has no operand ${index}`);
    const name = operand.variadic ? `${operand.name}${index}` : operand.name;
    const values = (draw?.[operand.name] ?? drawOperand)(name, shape);
    return tensor(shape, operand.kind === 'data' ? dtype : operand.kind, values);
  });
  // Ops that name their output's dtype: to the other data dtype for a cast, to `dtype` for what has no data.
  const takesData = definition.inputs.some(({ kind }) => kind === 'data');
  const other: DataType = dtype === 'float32' ? 'bfloat16' : 'float32';
  const named: Attributes = { dtype: takesData ? other : dtype };
  return {
    op,
    attrs: { ...attrs, ...('dtype' in attrs && op !== 'constant' ? named : {}) },
    inputs: tensors,
  };
}

function specOf({ op, attrs, inputs }: Call): KernelSpec {
  return { op, attrs, inputs, outputs: inferTypes(op, inputs, attrs) };
}

export function prepare(call: Call): PreparedKernel {
  return cpu().prepare(specOf(call));
}

/** What the op means for these operands. */
export function reference(call: Call): ReferenceTensor[] {
  const outputs = specOf(call).outputs.map(({ shape, dtype }): ReferenceTensor => {
    return { shape, dtype, data: new Float64Array(elements(shape)) };
  });
  opOf(call.op).reference(referenceContext(call.attrs, call.inputs, outputs));
  return outputs;
}

/** Byte of guards and of outputs before they are written: a NaN in every float dtype. */
const CANARY = 0xff;
const GUARD_BYTES = 192;

class Layout {
  private cursor = 0;
  readonly used: { offset: number; bytes: number; what: string }[] = [];

  /** The next aligned offset for `bytes`, guards before and after. */
  place(bytes: number, what: string): number {
    const offset = this.cursor + GUARD_BYTES;
    this.used.push({ offset, bytes, what });
    this.cursor = offset + align(bytes);
    return offset;
  }

  get bytes(): number {
    return this.cursor + GUARD_BYTES;
  }

  expectGuards(memory: Uint8Array): void {
    let from = 0;
    let before = 'the start';
    for (const { offset, bytes, what } of [...this.used, { offset: this.bytes, bytes: 0, what: 'the end' }]) {
      const touched = memory.subarray(from, offset).findIndex((byte) => byte !== CANARY);
      if (touched >= 0) expect.fail(`wrote between ${before} and ${what}, ${touched} bytes after ${before}`);
      from = offset + bytes;
      before = what;
    }
  }
}

/**
 * Runs the kernel; outputs in their dtypes, with `overwrite` (and what the op requires) in place. Checks that
 * nothing but outputs and workspace was written.
 */
export async function runKernel(call: Call, overwrite?: Overwrite): Promise<ReferenceTensor[]> {
  const device = cpu();
  const spec = specOf(call);
  const kernel = device.prepare(spec);
  const inPlace = opOf(call.op).overwrites.filter((rule) => rule.required || rule === overwrite);
  const layout = new Layout();
  const inputAt = call.inputs.map((t, i) => t && layout.place(byteLength(t), `input ${i}`));
  const outputAt = spec.outputs.map((type, i) => {
    const over = inPlace.find(({ output }) => output === i);
    return (over && inputAt[over.input]) ?? layout.place(byteLength(type), `output ${i}`);
  });
  const workspaceAt = layout.place(kernel.workspaceBytes, 'workspace');
  const memory = device.allocate(layout.bytes);
  const located = (offset: number | null): Location | null => (offset === null ? null : { memory, offset });
  const executable = device.load([
    {
      kernel,
      inputs: inputAt.map(located),
      outputs: outputAt.map((offset): Location => ({ memory, offset })),
      workspace: kernel.workspaceBytes > 0 ? { memory, offset: workspaceAt } : null,
    },
  ]);
  const feeds = call.inputs.flatMap((t, i): Feed[] => {
    const offset = inputAt[i];
    if (!t || offset === null || offset === undefined) return [];
    return [{ memory, offset, data: bytesOf(fromFloat64(t.dtype, t.data)) }];
  });
  const canaries = { memory, offset: 0, data: new Uint8Array(layout.bytes).fill(CANARY) };
  await executable.run([canaries, ...feeds], [], { begin: 0, end: 1 }, false);
  const after = memory.read(0, layout.bytes);
  layout.expectGuards(after);
  for (const { offset, data } of feeds) {
    if (outputAt.includes(offset)) continue;
    expect(Buffer.compare(after.subarray(offset, offset + data.length), data), 'an input was changed').toBe(
      0,
    );
  }
  return spec.outputs.map((type, i): ReferenceTensor => {
    const offset = outputAt[i] ?? 0;
    const bytes = after.slice(offset, offset + byteLength(type));
    return { ...type, data: toFloat64(type.dtype, viewAs(type.dtype, bytes)) };
  });
}

/** Largest error allowed, relative to the larger of the element and the tensor's root mean square. */
const TOLERANCE: Record<DType, number> = { float32: 1e-5, bfloat16: 2 ** -7, int32: 0, int64: 0, uint8: 0 };

export function expectAgrees(actual: ReferenceTensor, expected: ReferenceTensor, tolerance?: number): void {
  expect(actual.shape).toEqual(expected.shape);
  const finite = expected.data.filter(Number.isFinite);
  const scale = Math.sqrt(finite.reduce((sum, value) => sum + value * value, 0) / Math.max(1, finite.length));
  const relative = tolerance ?? TOLERANCE[actual.dtype];
  expected.data.forEach((value, i) => {
    const got = actual.data[i] ?? Number.NaN;
    const close = Math.abs(got - value) <= relative * Math.max(Math.abs(value), scale);
    if (!close && !Object.is(got, value)) expect.fail(`element ${i}: ${got} instead of ${value}`);
  });
}
