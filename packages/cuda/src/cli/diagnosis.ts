/** From what was found to what to say about it. */
import { formatBytes } from '@inplace-abn/core';
import type { CudaReport } from '../report.js';

export interface Processors {
  readonly threads: number;
  /** Bytes that this process can still take. */
  readonly memory: number;
  /** Products of bfloat16 by instruction. */
  readonly bfloat16: boolean;
  readonly libraries: Readonly<Record<string, string>>;
  /** Why the native addon does not load; null: it does. */
  readonly problem: string | null;
}

export interface Diagnosis {
  readonly processors: Processors;
  readonly cuda: CudaReport;
  /** The one thing to do next; null: nothing is missing. */
  readonly advice: string | null;
}

/** The first of what is missing, in the order in which it is needed. NCCL is for several devices. */
export function diagnose(processors: Processors, cuda: CudaReport): Diagnosis {
  const missing = cuda.libraries.find(
    ({ name, problem }) => problem !== null && (name !== 'NCCL' || cuda.devices.length > 1),
  );
  return { processors, cuda, advice: processors.problem ?? cuda.problem ?? missing?.problem ?? null };
}

export function formatDiagnosis({ processors, cuda, advice }: Diagnosis): string {
  const lines = [
    ['processors', formatProcessors(processors)],
    ['CUDA plugin', cuda.plugin ?? 'none'],
    ['CUDA', cuda.runtime === null ? '–' : `${cuda.runtime}, driver for ${cuda.driver ?? 'none'}`],
    ...cuda.devices.map(({ index, name, capability, memory, free }) => [
      `cuda:${index}`,
      `${name}, compute capability ${capability}, ${free === null ? '' : `${formatBytes(free)} free of `}${formatBytes(memory)}`,
    ]),
    ...cuda.libraries.map(({ name, version }) => [name, version ?? 'not found']),
  ];
  const table = lines.map(([label = '', text = '']) => `${label.padEnd(12)} ${text}\n`).join('');
  return `${table}\n${advice === null ? 'nothing is missing' : advice}\n`;
}

function formatProcessors({ threads, memory, bfloat16, libraries, problem }: Processors): string {
  if (problem !== null) return 'the native addon does not load';
  const versions = Object.entries(libraries).map(([name, version]) => `${name} ${version}`);
  const dtypes = bfloat16 ? 'float32 and bfloat16' : 'float32, bfloat16 without instructions for it';
  return [`${threads} threads`, `${formatBytes(memory)} free`, dtypes, ...versions].join(', ');
}
