/** What this machine has for CUDA, and what is missing. */
import { existsSync } from 'node:fs';
import { loadNative } from '@inplace-abn/core';
import { pluginPath } from './plugin.js';

export interface CudaReportDevice {
  readonly index: number;
  readonly name: string;
  /** Compute capability, such as `9.0`. */
  readonly capability: string;
  readonly multiprocessors: number;
  /** Bytes in all. */
  readonly memory: number;
  /** Bytes that are free now; null unless asked for. */
  readonly free: number | null;
}

export interface CudaReportLibrary {
  readonly name: 'cuDNN' | 'cuBLASLt' | 'NCCL';
  /** null: it cannot be loaded. */
  readonly version: string | null;
  readonly problem: string | null;
}

export interface CudaReport {
  /** Whether the system has an NVIDIA GPU, be it usable or not. */
  readonly present: boolean;
  /** The plugin's file; null: there is none. */
  readonly plugin: string | null;
  /** CUDA version that the driver supports; null: no driver. */
  readonly driver: string | null;
  /** CUDA version that the plugin was built with. */
  readonly runtime: string | null;
  /** Why there is no device, and what to do; null: there are some. */
  readonly problem: string | null;
  readonly devices: readonly CudaReportDevice[];
  readonly libraries: readonly CudaReportLibrary[];
}

/**
 * Looks without choosing a device; throws nothing. `free`: also how much memory is free, for which this process takes some
 * on every device.
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

/** Device files that the driver makes for the first GPU; the second is WSL's. */
function hasDeviceFile(): boolean {
  return existsSync('/dev/nvidia0') || existsSync('/dev/dxg');
}
