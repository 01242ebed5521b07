/** One NVIDIA GPU: our kernels, and cuDNN, cuBLASLt and NCCL where they are. */
import { AddonDevice, type DType, loadNative, UsageError } from '@inplace-abn/core';
import { pluginPath } from './plugin.js';
import { cudaReport } from './report.js';

const MIB = 2 ** 20;
const DEFAULT_WORKSPACE_MIB = 512;

export interface CudaOptions {
  /**
   * Bytes that one convolution or matrix product may use beside its operands: algorithms that need more are not
   * chosen. The plan's workspace is at most this. Default 512 MiB, or IABN_CUDA_WORKSPACE (in MiB).
   */
  readonly workspaceLimit: number;
  /** Lets products of float32 round their operands to TF32; default false, or IABN_TF32=1. */
  readonly tf32: boolean;
  /** Captures a run's kernels into CUDA graphs from its second time on; default false, or IABN_CUDA_GRAPHS=1. */
  readonly graphs: boolean;
  /** Collectives by NCCL rather than over the host; default: where NCCL is found, unless IABN_NCCL=0. */
  readonly nccl: boolean;
}

/** The options that the environment asks for. Throws UsageError for a setting that is no number. */
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

export class CudaDevice extends AddonDevice {
  readonly name: string;
  readonly balance = 100;
  protected readonly prefetches = true;

  /** Throws with one sentence for what is missing: the plugin, a driver, a device. */
  constructor(
    readonly index: number,
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

  /** Name and versions, for what a run records of itself. */
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

/** The GPU `index` of this machine, opened once: with the options of the environment but for those given the first time. */
export function cuda(index = 0, options: Partial<CudaOptions> = {}): CudaDevice {
  const known = devices.get(index);
  if (known) return known;
  const device = new CudaDevice(index, { ...cudaOptions(), ...options });
  devices.set(index, device);
  return device;
}
