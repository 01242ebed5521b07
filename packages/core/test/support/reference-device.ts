/**
 * A device with reference kernels, which compute in float64 on operands of any dtype. It does not autotune,
 * so its numbers are the same on every machine.
 */
import {
  bytesOf,
  bytesPerElement,
  elements,
  fromFloat64,
  rows,
  type TypedArray,
  toFloat64,
  viewAs,
} from '@inplace-abn/tensor';
import type {
  Device,
  DeviceMemory,
  Executable,
  KernelSpec,
  LoadedInstruction,
  Location,
  OperandSpec,
  PreparedKernel,
} from '../../src/devices/device.js';
import { type OpName, opOf } from '../../src/index.js';
import type { ReferenceTensor } from '../../src/ir/define.js';
import { referenceContext } from '../../src/reference/evaluate.js';

class ReferenceKernel implements PreparedKernel {
  readonly workspaceBytes = 0;
  readonly layout = null;
  readonly implementation = 'reference';
  readonly refusals = [];
  readonly choice = null;

  constructor(private readonly spec: KernelSpec) {}

  run({ inputs, outputs }: LoadedInstruction): void {
    const { op, attrs } = this.spec;
    const read = this.spec.inputs.map((type, i) => {
      const from = inputs[i];
      return type && from ? { ...type, data: toFloat64(type.dtype, load(type, from)) } : null;
    });
    const made = this.spec.outputs.map(
      ({ shape, dtype }): ReferenceTensor => ({ shape, dtype, data: new Float64Array(elements(shape)) }),
    );
    opOf(op as OpName).reference(referenceContext(attrs, read, made));
    this.spec.outputs.forEach((type, i) => {
      const [to, tensor] = [outputs[i], made[i]];
      if (to && tensor) store(type, to, fromFloat64(type.dtype, tensor.data));
    });
  }
}

/** Row size, and stride between rows, in bytes. */
function rowsOf({ shape, dtype, pitch }: OperandSpec): { count: number; width: number; stride: number } {
  const count = rows(shape);
  const width = (elements(shape) / count) * bytesPerElement(dtype);
  return { count, width, stride: pitch === undefined ? width : pitch * bytesPerElement(dtype) };
}

function load(type: OperandSpec, { memory, offset }: Location): TypedArray {
  const { count, width, stride } = rowsOf(type);
  const dense = new Uint8Array(count * width);
  for (let row = 0; row < count; row++) dense.set(memory.read(offset + row * stride, width), row * width);
  return viewAs(type.dtype, dense);
}

function store(type: OperandSpec, { memory, offset }: Location, data: TypedArray): void {
  const { count, width, stride } = rowsOf(type);
  const dense = bytesOf(data);
  for (let row = 0; row < count; row++)
    memory.write(offset + row * stride, dense.subarray(row * width, (row + 1) * width));
}

class HostMemory implements DeviceMemory {
  private readonly content: Uint8Array;

  constructor(readonly bytes: number) {
    this.content = new Uint8Array(bytes);
  }

  read(offset: number, length: number): Uint8Array {
    return this.content.slice(offset, offset + length);
  }

  readInto(offset: number, target: Uint8Array): void {
    target.set(this.content.subarray(offset, offset + target.length));
  }

  write(offset: number, data: Uint8Array): void {
    this.content.set(data, offset);
  }

  discard(): void {
    this.content.fill(0);
  }
}

export function referenceDevice(): Device {
  return {
    name: 'reference',
    balance: 10,
    machine: 'any',
    libraries: {},
    refuses: () => null,
    prepare: (spec) => new ReferenceKernel(spec),
    allocate: (bytes) => new HostMemory(bytes),
    load: (instructions): Executable => ({
      async run(feeds, fetches, { begin, end }) {
        for (const { memory, offset, data } of feeds) if (data) memory.write(offset, data);
        for (const instruction of instructions.slice(begin, end)) {
          const { kernel } = instruction;
          if (kernel instanceof ReferenceKernel) kernel.run(instruction);
        }
        const values = fetches.map(({ memory, offset, length }) => memory.read(offset, length));
        return { values, timings: [] };
      },
    }),
    availableBytes: () => 2 ** 32,
  };
}
