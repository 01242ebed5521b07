/** Turns a report of the machine into advice. */
import { formatBytes } from '@inplace-abn/core';
import type { CudaReport } from '../report.js';

export interface Processors {
  readonly threads: number;
  /** Bytes that this process can still allocate. */
  readonly memory: number;
  /** Widest instruction set of the kernels, such as `AVX-512`. */
  readonly instructionSet: string;
  /** True if the CPU multiplies bfloat16 natively. */
  readonly bfloat16: boolean;
  readonly libraries: Readonly<Record<string, string>>;
  /** Why the native addon does not load; null if it does. */
  readonly problem: string | null;
}

export interface Diagnosis {
  readonly processors: Processors;
  readonly cuda: CudaReport;
  /** The one next step; null if nothing is missing. A GPU is optional. */
  readonly advice: string | null;
}

/** The first missing part, in the order in which they are needed. NCCL is needed only for several devices. */
export function diagnose(processors: Processors, cuda: CudaReport): Diagnosis {
  const missing = cuda.libraries.find(
    ({ name, problem }) => problem !== null && (name !== 'NCCL' || cuda.devices.length > 1),
  );
  const ofCuda = cuda.present ? (cuda.problem ?? missing?.problem ?? null) : null;
  return { processors, cuda, advice: processors.problem ?? ofCuda };
}

export function formatDiagnosis({ processors, cuda, advice }: Diagnosis): string {
  if (processors.problem !== null) return `training does not work here: ${processors.problem}\n`;
  const { threads, instructionSet } = processors;
  const lines = [...cpuLines(processors), ...cudaLines(cuda)];
  const table = lines.map(([label, text]) => `${label.padEnd(12)} ${text}\n`).join('');
  return (
    `training works here, on the CPU: ${instructionSet} kernels, ${threads} ${threads === 1 ? 'thread' : 'threads'}\n\n` +
    `${table}\n${closing(cuda, advice)}\n`
  );
}

type Line = readonly [label: string, text: string];

function cpuLines({ memory, bfloat16, libraries }: Processors): Line[] {
  const speed = bfloat16
    ? 'by instruction: less memory, and faster than float32'
    : 'no instructions for it: less memory, not faster than float32';
  return [['memory', `${formatBytes(memory)} free`], ['bfloat16', speed], ...Object.entries(libraries)];
}

function cudaLines(cuda: CudaReport): Line[] {
  if (!cuda.present) return [['GPU', 'none']];
  return [
    ['CUDA plugin', cuda.plugin ?? 'none'],
    ['CUDA', cuda.runtime === null ? '–' : `${cuda.runtime}, driver for ${cuda.driver ?? 'none'}`],
    ...cuda.devices.map(({ index, name, capability, memory, free }): Line => {
      const room = `${free === null ? '' : `${formatBytes(free)} free of `}${formatBytes(memory)}`;
      return [`cuda:${index}`, `${name}, compute capability ${capability}, ${room}`];
    }),
    ...cuda.libraries.map(({ name, version }): Line => [name, version ?? 'not found']),
  ];
}

function closing({ present }: CudaReport, advice: string | null): string {
  if (!present) return 'nothing is missing; a GPU is optional';
  if (advice !== null) return `to use the GPU (experimental): ${advice}`;
  return 'nothing is missing; --device cuda uses the GPU (experimental)';
}
