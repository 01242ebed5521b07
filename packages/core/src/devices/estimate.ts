/** CPU device without the native addon: it plans with estimated workspaces but cannot run anything. */
import { bytesPerElement, type DType, elements } from '@inplace-abn/tensor';
import type { KernelFamily } from '../ir/define.js';
import type { Device, DeviceMemory, Executable, KernelSpec, OperandSpec, PreparedKernel } from './device.js';
import { memoryLimit, type NamedLimit, namedLimit } from './memory.js';
import { availableProcessors } from './processors.js';

/** Upper bound of a convolution's workspace in bytes, however large its weights. */
const CONVOLUTION_LIMIT = 9.5e6;

export class EstimatedCpu implements Device {
  readonly name = 'cpu';
  readonly libraries = { workspaces: 'estimated' };

  constructor(
    readonly balance: number,
    /** Says why nothing can run; thrown by every attempt to allocate or load. */
    private readonly problem: Error,
  ) {}

  get estimate(): string {
    return `workspaces are estimated: ${this.problem.message.split('\n')[0]}`;
  }

  get machine(): string {
    return `${availableProcessors()} threads, no native addon`;
  }

  refuses(dtype: DType): string | null {
    return refusedByCpu(dtype);
  }

  prepare(spec: KernelSpec): PreparedKernel {
    const workspaceBytes = estimatedWorkspace(spec);
    return { workspaceBytes, layout: null, implementation: 'estimate', refusals: [], choice: null };
  }

  allocate(): DeviceMemory {
    throw this.problem;
  }

  load(): Executable {
    throw this.problem;
  }

  availableBytes(mapped = 0): number {
    return memoryLimit({ mapped }).bytes;
  }

  limitedBy(): NamedLimit | null {
    return namedLimit(memoryLimit());
  }
}

/** Why the CPU does not support `dtype`; null if it does. */
export function refusedByCpu(dtype: DType): string | null {
  if (dtype !== 'float16') return null;
  return 'the CPU device does not compute in float16: use float32 or bfloat16';
}

/**
 * Approximate workspace of the CPU kernels in bytes, fitted to the networks of the published experiments: the
 * weights of a convolution once, or four times for Winograd's tiles if they are 3×3, and partial sums per
 * channel for batch normalization.
 */
function estimatedWorkspace({ family, inputs, outputs }: KernelSpec): number {
  if (!family) return 0;
  return WORKSPACES[family]([...inputs, ...outputs].filter((operand) => operand !== null));
}

const WORKSPACES: Readonly<Record<KernelFamily, (operands: readonly OperandSpec[]) => number>> = {
  convolution,
  linear: (operands) => Math.ceil(largest(operands, 2) / 16),
  statistics: (operands) => 256 * channels(operands),
  normalization: (operands) => 12 * channels(operands),
};

function channels([first]: readonly OperandSpec[]): number {
  return Math.max(512, first?.shape[1] ?? 0);
}

/** The weights are the operand with the smallest window; the last one if several tie. */
function convolution(operands: readonly OperandSpec[]): number {
  const images = operands.filter(({ shape }) => shape.length === 4);
  const area = ({ shape: [, , height = 1, width = 1] }: OperandSpec) => height * width;
  const weights = images.reduce((best, each) => (area(each) <= area(best) ? each : best), images[0] ?? none);
  const tiles = area(weights) === 9 ? 4 : 1;
  return Math.min(tiles * 4 * elements(weights.shape), CONVOLUTION_LIMIT);
}

const none: OperandSpec = { dtype: 'float32', shape: [] };

/** Bytes of the largest operand with `rank` dimensions. */
function largest(operands: readonly OperandSpec[], rank: number): number {
  const sizes = operands
    .filter(({ shape }) => shape.length === rank)
    .map(({ dtype, shape }) => bytesPerElement(dtype) * elements(shape));
  return Math.max(0, ...sizes);
}
