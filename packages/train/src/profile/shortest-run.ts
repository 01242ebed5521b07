import {
  byteLength,
  type Device,
  type KernelSpec,
  type PreparedKernel,
  type TensorType,
} from '@inplace-abn/core';

const TURNS = 5;

/** Options of timing an executable. */
export interface RunOptions {
  /** Default: the kernel that the device selects for `spec`. */
  readonly kernel?: PreparedKernel;
  /** The bytes of an operand; default: zeros. */
  readonly fill?: (type: TensorType) => Uint8Array;
}

/** Seconds of the fastest of several runs of a kernel, alone on the device. */
export async function shortestRun(
  device: Device,
  spec: KernelSpec,
  { kernel = device.prepare(spec), fill }: RunOptions = {},
): Promise<number> {
  const place = (bytes: number) => ({ memory: device.allocate(bytes), offset: 0 });
  const operand = (type: TensorType) => {
    const location = place(byteLength(type));
    if (fill) location.memory.write(0, fill(type));
    return location;
  };
  const inputs = spec.inputs.map((type) => type && operand(type));
  const outputs = spec.outputs.map(operand);
  const workspace = kernel.workspaceBytes > 0 ? place(kernel.workspaceBytes) : null;
  const executable = device.load([{ kernel, inputs, outputs, workspace }]);
  let best = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn <= TURNS; turn++) {
    const { timings } = await executable.run([], [], { begin: 0, end: 1 }, true);
    const [timing] = timings;
    if (timing && turn > 0) best = Math.min(best, timing.end - timing.begin);
  }
  for (const location of [...inputs, ...outputs, workspace]) location?.memory.discard();
  return best;
}
