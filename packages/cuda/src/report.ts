/** Reports the CUDA hardware and software of this machine, and what is missing. */
import { existsSync } from 'node:fs';
import { loadNative } from '@inplace-abn/core';
import { pluginPath } from './plugin.js';

/** One GPU of a machine. */
export interface CudaReportDevice {
  /** Index of the GPU, as in `cuda:INDEX`. */
  readonly index: number;
  /** Name that the driver gives the GPU. */
  readonly name: string;
  /** Compute capability, such as `9.0`. */
  readonly capability: string;
  /** Number of streaming multiprocessors. */
  readonly multiprocessors: number;
  /** Total memory in bytes. */
  readonly memory: number;
  /** Free memory in bytes; null unless requested. */
  readonly free: number | null;
}

/** A library that the plugin loads at run time, and its version. */
export interface CudaReportLibrary {
  /** Name of the library. */
  readonly name: 'cuDNN' | 'cuBLASLt' | 'NCCL';
  /** null if it cannot be loaded. */
  readonly version: string | null;
  /** Why it cannot be loaded, and the fix; null if it can. */
  readonly problem: string | null;
}

/** CUDA on this machine: devices, libraries, or the problem. */
export interface CudaReport {
  /** True if the system has an NVIDIA GPU, usable or not. */
  readonly present: boolean;
  /** The plugin's file; null if there is none. */
  readonly plugin: string | null;
  /** CUDA version that the driver supports; null without a driver. */
  readonly driver: string | null;
  /** CUDA version that the plugin was built with. */
  readonly runtime: string | null;
  /** Why there is no usable device, and the fix; null if there is one. */
  readonly problem: string | null;
  /** The GPUs that the plugin found. */
  readonly devices: readonly CudaReportDevice[];
  /** cuDNN, cuBLASLt and NCCL, found or not. */
  readonly libraries: readonly CudaReportLibrary[];
}

/**
 * Inspects the machine without choosing a device; never throws. `free`: also query free memory, which
 * allocates some memory on every device.
 */
export function cudaReport({ free = false }: { readonly free?: boolean } = {}): CudaReport {
  let plugin: string | null = null;
  try {
    plugin = pluginPath();
    const found = JSON.parse(loadNative().pluginReport(plugin, free)) as Omit<
      CudaReport,
      'plugin' | 'present'
    >;
    return { present: found.devices.length > 0 || hasDeviceFile(), plugin, ...found };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    const present = hasDeviceFile();
    return { present, plugin, driver: null, runtime: null, problem, devices: [], libraries: [] };
  }
}

/** Device files that the driver creates for the first GPU; the second one is WSL's. */
function hasDeviceFile(): boolean {
  return existsSync('/dev/nvidia0') || existsSync('/dev/dxg');
}
