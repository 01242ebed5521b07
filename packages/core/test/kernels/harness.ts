/**
 * Runs one native kernel on its own operands, each in a block of memory with guard bytes around it, and
 * compares it with its reference kernel.
 */

import {
  byteLength,
  bytesOf,
  bytesPerElement,
  channels,
  type DataDType,
  type DType,
  elements,
  fromFloat64,
  rows,
  type Shape,
  type TensorType,
  toFloat64,
  viewAs,
} from '@inplace-abn/tensor';
import { expect } from 'vitest';
import type {
  Device,
  DeviceMemory,
  KernelSpec,
  LoadedInstruction,
  OperandSpec,
  PreparedKernel,
} from '../../src/devices/device.js';
import type { Attributes, Operand, Overwrite, ReferenceTensor } from '../../src/ir/define.js';
import { inferTypes, operandAt } from '../../src/ir/infer.js';
import { cpu } from '../../src/native/cpu.js';
import { type OpName, opOf } from '../../src/ops/index.js';
import { align } from '../../src/passes/place.js';
import { referenceContext } from '../../src/reference/evaluate.js';
import { drawOperand, type KernelCase } from './operands.js';

export type DataType = DataDType;

let device: () => Device = cpu;
let dataTypes: readonly DataType[] = ['float32', 'bfloat16'];
let roundings: Roundings = {};
let most = Number.POSITIVE_INFINITY;

/**
 * Ops whose kernels also round intermediate values in 16-bit dtypes, with their error as a multiple of the
 * dtype's.
 */
export type Roundings = { readonly [op in OpName]?: number };

/**
 * Runs the kernel tests on another device than the CPU, in its dtypes, for the `smallest` cases of each op
 * (default all).
 */
export function testOn(
  chosen: () => Device,
  dtypes: readonly DataType[],
  rounding: Roundings = {},
  smallest = Number.POSITIVE_INFINITY,
): void {
  device = chosen;
  dataTypes = dtypes;
  roundings = rounding;
  most = smallest;
}

/** The cases of an op to test. */
export function testedCases(all: readonly KernelCase[]): readonly KernelCase[] {
  if (all.length <= most) return all;
  const size = ({ inputs }: KernelCase) =>
    inputs.reduce((sum, shape) => sum + (shape ? elements(shape) : 0), 0);
  return [...all].sort((a, b) => size(a) - size(b)).slice(0, most);
}

/**
 * Tolerance of the device for the outputs of `op` on data in `dtype`; undefined for the default of the
 * result's dtype.
 */
export function deviceTolerance(op: OpName, dtype: DataType): number | undefined {
  const times = dtype === 'float32' ? undefined : roundings[op];
  return times === undefined ? undefined : times * TOLERANCE[dtype];
}

/** The dtypes of data operands to test. */
export const testedDataTypes = (): readonly DataType[] => dataTypes;

/** Operands of one call, rounded to their dtypes. */
export interface Call {
  readonly op: OpName;
  readonly attrs: Attributes;
  readonly inputs: readonly (ReferenceTensor | null)[];
}

export function tensor(shape: Shape, dtype: DType, values: ArrayLike<number>): ReferenceTensor {
  return { shape, dtype, data: toFloat64(dtype, fromFloat64(dtype, Float64Array.from(values))) };
}

/** Draws the operands of a case, with data operands in `dtype`. */
export function callOf(op: OpName, { attrs, inputs, draw, floats = [] }: KernelCase, dtype: DataType): Call {
  const definition = opOf(op);
  const takesData = definition.inputs.some(({ kind }) => kind === 'data');
  const tensors = inputs.map((shape, index): ReferenceTensor | null => {
    if (!shape) return null;
    const operand = operandAt(definition.inputs, index);
    if (!operand) throw new RangeError(`${op} has no operand ${index}`);
    const name = operand.variadic ? `${operand.name}${index}` : operand.name;
    const values = (draw?.[operand.name] ?? drawOperand)(name, shape);
    if (operand.kind === 'data') return tensor(shape, dtype, values);
    // Kernels may cast product weights to the data dtype, so choose weights that it represents exactly.
    const product = operand.name === 'weight' && shape.length > 1;
    const kind = operand.kind === 'labels' ? 'int32' : operand.kind;
    const any = takesData && !floats.includes(index) ? dtype : 'float32';
    const given = kind === 'any' ? any : kind;
    return tensor(shape, given, product ? tensor(shape, dtype, values).data : values);
  });
  // For ops with a dtype attribute: the other data dtype for a cast, `dtype` for ops without data operands.
  const other: DataType = dtype === 'float32' ? 'bfloat16' : 'float32';
  const named: Attributes = { dtype: takesData ? other : dtype };
  return {
    op,
    attrs: { ...attrs, ...('dtype' in attrs && op !== 'constant' ? named : {}) },
    inputs: tensors,
  };
}

/** `constants`: operands declared constant between runs. */
function specOf({ op, attrs, inputs }: Call, constants: readonly number[] = []): KernelSpec {
  return { op, attrs, inputs, outputs: inferTypes(opOf(op), inputs, attrs), constants };
}

export function prepare(call: Call): PreparedKernel {
  return prepareSpec(specOf(call));
}

export function prepareSpec(spec: KernelSpec): PreparedKernel {
  return device().prepare(spec);
}

/** The op's reference results for these operands. */
export function reference(call: Call): ReferenceTensor[] {
  const outputs = specOf(call).outputs.map(({ shape, dtype }): ReferenceTensor => {
    return { shape, dtype, data: new Float64Array(elements(shape)) };
  });
  opOf(call.op).reference(referenceContext(call.attrs, call.inputs, outputs));
  return outputs;
}

/** Fill byte of guards and unwritten outputs: a NaN in every float dtype. */
const CANARY = 0xff;
const GUARD_BYTES = 192;
/** Whether memory ends with its operand, so that a sanitizer detects reads beyond it too. */
const ENDS_WITH_OPERAND = process.env.IABN_TEST_EXACT_MEMORY === '1';

/** An operand in a separate block of memory: `rows` rows of `width` bytes, `pitch` bytes apart. */
interface Spot {
  readonly memory: DeviceMemory;
  readonly offset: number;
  readonly rows: number;
  readonly width: number;
  readonly pitch: number;
  /** In messages. */
  readonly what: string;
}

/** Indices of operands that are strided views of wider tensors. */
export interface Pitched {
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

const DENSE: Pitched = { inputs: [], outputs: [] };

/** All operands of the call that may be strided views. */
export function pitchable({ op, inputs }: Call): Pitched {
  const definition = opOf(op);
  const indexes = (count: number, operands: readonly Operand[]) =>
    Array.from({ length: count }, (_, i) => i).filter((i) => operandAt(operands, i)?.pitched);
  return {
    inputs: indexes(inputs.length, definition.inputs),
    outputs: indexes(definition.outputs.length, definition.outputs),
  };
}

/** Memory for an operand with guards around it; a slice is surrounded by other channels. */
function place(type: TensorType, what: string, sliced: boolean): Spot {
  const size = bytesPerElement(type.dtype);
  const width = sliced ? channels(type.shape) * size : byteLength(type);
  const before = sliced ? 3 * size : 0;
  const offset = GUARD_BYTES + before;
  const pitch = sliced ? width + before + 2 * size : width;
  const count = sliced ? rows(type.shape) : 1;
  const end = count === 0 ? offset : offset + (count - 1) * pitch + width;
  const memory = device().allocate(ENDS_WITH_OPERAND ? end : align(end) + GUARD_BYTES);
  return { memory, offset, rows: count, width, pitch, what };
}

function expectGuards(after: Uint8Array, { offset, rows: count, width, pitch, what }: Spot): void {
  let from = 0;
  for (let row = 0; row <= count; row++) {
    const end = row < count ? offset + row * pitch : after.length;
    const touched = after.subarray(from, end).findIndex((byte) => byte !== CANARY);
    if (touched >= 0) expect.fail(`wrote outside ${what}, at its byte ${from + touched - offset}`);
    from = end + width;
  }
}

function gather(memory: Uint8Array, { offset, rows: count, width, pitch }: Spot): Uint8Array {
  const dense = new Uint8Array(count * width);
  for (let row = 0; row < count; row++) {
    const from = offset + row * pitch;
    dense.set(memory.subarray(from, from + width), row * width);
  }
  return dense;
}

/** Bytes of the memory before a run: `dense` in its rows. */
function imageOf({ memory, offset, rows: count, width, pitch }: Spot, dense?: Uint8Array): Uint8Array {
  const image = new Uint8Array(memory.bytes).fill(CANARY);
  for (let row = 0; dense && row < count; row++) {
    image.set(dense.subarray(row * width, (row + 1) * width), offset + row * pitch);
  }
  return image;
}

interface RunOptions {
  /** In addition to what the op requires. */
  readonly overwrite?: Overwrite;
  /** Operands declared constant between runs. */
  readonly constants?: readonly number[];
  readonly pitched?: Pitched;
}

/**
 * Runs the kernel and returns its outputs in their dtypes. Applies `overwrite` (and what the op requires) in
 * place, and stores the operands of `pitched` as strided views. Checks that nothing but outputs and workspace
 * is written.
 */
export async function runKernel(
  call: Call,
  { overwrite, constants = [], pitched = DENSE }: RunOptions = {},
): Promise<ReferenceTensor[]> {
  const on = device();
  const types = specOf(call, constants);
  const inputAt = call.inputs.map(
    (t, i): Spot | null => t && place(t, `input ${i}`, pitched.inputs.includes(i)),
  );
  const inPlace = opOf(call.op).overwrites.filter((rule) => rule.required || rule === overwrite);
  const outputAt = types.outputs.map((type, i): Spot => {
    const over = inPlace.find(({ output }) => output === i);
    return (over && inputAt[over.input]) ?? place(type, `output ${i}`, pitched.outputs.includes(i));
  });
  const spec = {
    ...types,
    inputs: types.inputs.map((type, i) => type && laid(type, inputAt[i])),
    outputs: types.outputs.map((type, i) => laid(type, outputAt[i])),
  };
  const kernel = on.prepare(spec);
  const scratch = (bytes: number, what: string): Spot =>
    place({ shape: [bytes], dtype: 'uint8' }, what, false);
  const workspaceAt = kernel.workspaceBytes > 0 ? scratch(kernel.workspaceBytes, 'the workspace') : null;
  const layoutAt = kernel.layout && scratch(kernel.layout.bytes, 'the layout');
  const instruction = { kernel, outputs: outputAt, workspace: workspaceAt, layout: layoutAt };
  const laidOut = (index: number): boolean => kernel.layout?.inputs.includes(index) ?? false;
  const runs: LoadedInstruction = {
    ...instruction,
    inputs: inputAt.map((spot, index) => (laidOut(index) ? null : spot)),
  };
  const lays: LoadedInstruction = {
    ...instruction,
    part: 'layout',
    inputs: inputAt.map((spot, index) => (laidOut(index) ? spot : null)),
  };
  const instructions = kernel.layout ? [lays, runs] : [runs];
  const executable = on.load(instructions);
  const images = new Map<Spot, Uint8Array>();
  for (const spot of [...outputAt, workspaceAt, layoutAt]) {
    if (spot) images.set(spot, imageOf(spot));
  }
  call.inputs.forEach((t, i) => {
    const spot = inputAt[i];
    if (t && spot) images.set(spot, imageOf(spot, bytesOf(fromFloat64(t.dtype, t.data))));
  });
  const feeds = [...images].map(([{ memory }, data]) => ({ memory, offset: 0, length: memory.bytes, data }));
  await executable.run(feeds, [], { begin: 0, end: instructions.length }, false);
  const results = new Map<Spot, Uint8Array>();
  for (const [spot, image] of images) {
    const after = spot.memory.read(0, spot.memory.bytes);
    expectGuards(after, spot);
    if (outputAt.includes(spot)) results.set(spot, gather(after, spot));
    else if (inputAt.includes(spot)) expect(Buffer.compare(after, image), `${spot.what} was changed`).toBe(0);
  }
  return types.outputs.map((type, i): ReferenceTensor => {
    const spot = outputAt[i];
    const bytes = (spot && results.get(spot)) ?? new Uint8Array();
    return { ...type, data: toFloat64(type.dtype, viewAs(type.dtype, bytes)) };
  });
}

/** `type` with the pitch of its location. */
function laid(type: TensorType, spot: Spot | null | undefined): OperandSpec {
  const { shape, dtype } = type;
  if (!spot || spot.pitch === spot.width) return { shape, dtype };
  return { shape, dtype, pitch: spot.pitch / bytesPerElement(dtype) };
}

/** Largest allowed error, relative to the larger of the element and the tensor's root mean square. */
const TOLERANCE: Record<DType, number> = {
  float32: 1e-5,
  bfloat16: 2 ** -7,
  float16: 2 ** -9,
  int32: 0,
  int64: 0,
  uint8: 0,
};

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

/** True if two runs are bit-identical, including NaN and −0. Deep equality is a hundred times slower. */
export function sameBits(a: readonly ReferenceTensor[], b: readonly ReferenceTensor[]): boolean {
  return a.length === b.length && a.every((tensor, i) => Buffer.compare(bits(tensor), bits(b[i])) === 0);
}

function bits(tensor: ReferenceTensor | undefined): Uint8Array {
  return new Uint8Array(tensor?.data.buffer ?? new ArrayBuffer(0));
}
