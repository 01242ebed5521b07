/** An NVIDIA GPU: our kernels, plus cuDNN, cuBLASLt and NCCL where available. */
import { AddonDevice, type DType, loadNative, UsageError } from '@inplace-abn/core';
import { pluginPath } from './plugin.js';
import { cudaReport } from './report.js';

const MIB = 2 ** 20;
const DEFAULT_WORKSPACE_MIB = 512;

/** Options of opening a GPU. */
export interface CudaOptions {
  /**
   * Workspace limit of one convolution or matrix product, in bytes. Algorithms that need more are not used.
   * Default 512 MiB, or IABN_CUDA_WORKSPACE (in MiB).
   */
  readonly workspaceLimit: number;
  /** Allow TF32 in float32 products; default false, or IABN_TF32=1. */
  readonly tf32: boolean;
  /** Capture runs as CUDA graphs, from the second run on; default false, or IABN_CUDA_GRAPHS=1. */
  readonly graphs: boolean;
  /**
   * Run collectives with NCCL instead of through host memory; default true if NCCL is found, unless
   * IABN_NCCL=0.
   */
  readonly nccl: boolean;
}

/**
 * The options set by the environment.
 *
 * @throws UsageError if a setting is not a number
 */
export function cudaOptions(): CudaOptions {
  const { IABN_CUDA_WORKSPACE, IABN_TF32, IABN_CUDA_GRAPHS, IABN_NCCL } = process.env;
  const mebibytes = Number(IABN_CUDA_WORKSPACE || DEFAULT_WORKSPACE_MIB);
  if (!(mebibytes >= 0)) {
    throw new UsageError(
      `expected a number of MiB in IABN_CUDA_WORKSPACE but found '${IABN_CUDA_WORKSPACE}'`,
    );
  }
  const found = cudaReport().libraries.some(({ name, version }) => name === 'NCCL' && version !== null);
  return {
    workspaceLimit: Math.round(mebibytes * MIB),
    tf32: IABN_TF32 === '1',
    graphs: IABN_CUDA_GRAPHS === '1',
    nccl: found && IABN_NCCL !== '0',
  };
}

/** An NVIDIA GPU, through the CUDA plugin (experimental). */
export class CudaDevice extends AddonDevice {
  readonly name: string;
  readonly balance = 100;
  protected readonly prefetches = true;

  /** @throws UsageError with one sentence that says what is missing: the plugin, a driver, or a device */
  constructor(
    /** GPU of this machine, from 0. */
    readonly index: number,
    /** Workspace limit, TF32, CUDA graphs and NCCL. */
    readonly options: CudaOptions,
  ) {
    const native = loadNative();
    super(native, new native.Device(pluginPath(), index, options));
    this.name = `cuda:${index}`;
  }

  refuses(_dtype: DType): null {
    return null;
  }

  availableBytes(): number {
    return this.handle?.availableBytes() ?? 0;
  }

  /** Name and versions, recorded in each run. */
  get description(): string {
    const found = cudaReport().devices.find(({ index }) => index === this.index);
    return found ? `${this.name} (${found.name})` : this.name;
  }

  get machine(): string {
    const versions = Object.entries(this.libraries).map(([name, version]) => `${name} ${version}`);
    return [this.description, ...versions].join(', ');
  }

  get libraries(): Record<string, string> {
    const { driver, runtime, libraries } = cudaReport();
    const versions = libraries.flatMap(({ name, version }) => (version ? [[name, version]] : []));
    return { CUDA: runtime ?? '', driver: driver ?? '', ...Object.fromEntries(versions) };
  }
}

const devices = new Map<number, CudaDevice>();

/**
 * GPU `index` of this machine, opened once. `options` apply to the first call and override the environment.
 */
export function cuda(index = 0, options: Partial<CudaOptions> = {}): CudaDevice {
  const known = devices.get(index);
  if (known) return known;
  const device = new CudaDevice(index, { ...cudaOptions(), ...options });
  devices.set(index, device);
  return device;
}
