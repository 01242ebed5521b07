/** From `--device` to a device: `cpu`, `cuda`, `cuda:1`, or what there is. */
import { type CpuDevice, cpu, UsageError } from '@inplace-abn/core';
import { type CudaDevice, type CudaOptions, cuda } from './device.js';
import { cudaReport } from './report.js';

export interface DeviceChoice {
  readonly device: CpuDevice | CudaDevice;
  /** Which device it is and why, in one sentence for the user. */
  readonly reason: string;
}

/** What `--help` says of `--device`. */
export const DEVICE_HELP = 'cpu, cuda or cuda:INDEX (default: a GPU if there is one, else the CPU)';

/** The index in `cuda:INDEX`, or null for `cpu`. Throws UsageError for anything else. */
export function parseDeviceName(name: string): number | null {
  if (name === 'cpu') return null;
  const match = /^cuda(?::(\d+))?$/.exec(name);
  if (!match) throw new UsageError(`expected cpu, cuda or cuda:INDEX for --device but received '${name}'`);
  return Number(match[1] ?? 0);
}

/**
 * The device named, or, where none is, a GPU if there is one that can train, else the CPU. `localRank`: of this process
 * among those of its machine, each of which takes a GPU of its own. `options`: of the GPU, where the environment's are
 * not wanted.
 */
export function chooseDevice(
  name: string | undefined,
  localRank = 0,
  options: Partial<CudaOptions> = {},
): DeviceChoice {
  if (name !== undefined) return named(name, localRank, options);
  const { plugin, problem, devices, libraries } = cudaReport();
  // Most machines have neither: no reason is needed.
  if (plugin === null) return { device: cpu(), reason: 'device cpu' };
  if (problem !== null) return { device: cpu(), reason: `device cpu (${problem})` };
  const missing = libraries.find(({ name, problem: why }) => name !== 'NCCL' && why !== null);
  if (missing) return { device: cpu(), reason: `device cpu (${missing.problem})` };
  const index = localRank % devices.length;
  return {
    device: cuda(index, options),
    reason: `device cuda:${index} (${devices[index]?.name ?? 'a GPU'})`,
  };
}

function named(name: string, localRank: number, options: Partial<CudaOptions>): DeviceChoice {
  const index = parseDeviceName(name);
  if (index === null) return { device: cpu(), reason: 'device cpu' };
  const own = name.includes(':') ? index : localRank;
  const device = cuda(own, options);
  return { device, reason: `device ${device.description}` };
}
