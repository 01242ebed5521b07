/** Resolves `--device`: `cpu`, `cuda` or `cuda:1`; default the CPU. */
import { type CpuDevice, cpu, UsageError } from '@inplace-abn/core';
import { type CudaDevice, type CudaOptions, cuda } from '../device.js';
import { type CudaReport, cudaReport } from '../report.js';

/** The device that was chosen, and why. */
export interface DeviceChoice {
  /** Ready to plan and run on. */
  readonly device: CpuDevice | CudaDevice;
  /** The device and why it was chosen, in one sentence for the user. */
  readonly reason: string;
}

const CUDA_NAME = /^cuda(?::(\d+))?$/;

export function isDeviceName(name: string): boolean {
  return name === 'cpu' || CUDA_NAME.test(name);
}

/**
 * The index in `cuda:INDEX`, or null for `cpu`.
 *
 * @throws UsageError for anything else
 */
export function parseDeviceName(name: string): number | null {
  if (name === 'cpu') return null;
  const match = CUDA_NAME.exec(name);
  if (!match) throw new UsageError(`expected cpu, cuda or cuda:INDEX but received '${name}'`);
  return Number(match[1] ?? 0);
}

/**
 * The named device, or the CPU if none is named, since CUDA is experimental; on a machine with a GPU, the
 * reason mentions it.
 *
 * @param localRank rank among the processes of this machine, each of which uses its own GPU
 * @param options overrides the environment's GPU options
 * @throws UsageError if the GPU does not exist or cannot be used
 */
export function chooseDevice(
  name: string | undefined,
  localRank = 0,
  options: Partial<CudaOptions> = {},
): DeviceChoice {
  if (name === undefined) return { device: cpu(), reason: defaultReason(cudaReport()) };
  const index = parseDeviceName(name);
  if (index === null) return { device: cpu(), reason: 'device cpu' };
  const problem = cudaProblem(cudaReport());
  if (problem !== null) throw new UsageError(problem);
  const device = cuda(name.includes(':') ? index : localRank, options);
  return { device, reason: `device ${device.description}, experimental` };
}

/** Most machines have no GPU and need no reason. */
export function defaultReason({ present, devices }: Pick<CudaReport, 'present' | 'devices'>): string {
  if (!present) return 'device cpu';
  const name = devices[0] ? ` (${devices[0].name})` : '';
  return `device cpu; this machine has a GPU${name}: --device cuda uses it (experimental: CUDA has not run on a GPU yet)`;
}

/**
 * Why no GPU can be used, and the fix; null if one can. NCCL is optional, since it matters only for several
 * devices.
 */
export function cudaProblem({ present, problem, libraries }: CudaReport): string | null {
  if (!present) return 'this machine has no NVIDIA GPU: use --device cpu, or leave --device out';
  const missing = libraries.find(({ name, problem: why }) => name !== 'NCCL' && why !== null);
  return problem ?? missing?.problem ?? null;
}
