/** The advice that doctor gives for each report. */
import { describe, expect, it } from 'vitest';
import { diagnose, formatDiagnosis, type Processors } from '../src/cli/diagnosis.js';
import type { CudaReport, CudaReportLibrary } from '../src/index.js';

const PROCESSORS: Processors = {
  threads: 2,
  memory: 8 * 2 ** 30,
  instructionSet: 'AVX-512',
  bfloat16: true,
  libraries: { oneDNN: '2.6.3' },
  problem: null,
};
const missing = (name: CudaReportLibrary['name']): CudaReportLibrary => {
  return { name, version: null, problem: `the CUDA device needs ${name}` };
};
const there = (name: CudaReportLibrary['name']): CudaReportLibrary => ({
  name,
  version: '9.1.0',
  problem: null,
});
const device = (index: number) => {
  return {
    index,
    name: 'A GPU',
    capability: '9.0',
    multiprocessors: 132,
    memory: 80 * 2 ** 30,
    free: 2 ** 30,
  };
};
const FOUND: CudaReport = {
  present: true,
  plugin: '/plugin.so',
  driver: '13.0',
  runtime: '13.0',
  problem: null,
  devices: [device(0)],
  libraries: [there('cuDNN'), there('cuBLASLt'), missing('NCCL')],
};

describe('doctor', () => {
  it('lists the machine, and needs no NCCL for one device', () => {
    const text = formatDiagnosis(diagnose(PROCESSORS, FOUND));
    expect(text).toMatch(/^training works here, on the CPU: AVX-512 kernels, 2 threads\n\n/);
    expect(text).toContain('memory       8.00 GiB free\n');
    expect(text).toContain('bfloat16     by instruction: less memory, and faster than float32\n');
    expect(text).toContain('oneDNN       2.6.3\n');
    expect(text).toContain('cuda:0       A GPU, compute capability 9.0, 1.00 GiB free of 80.0 GiB\n');
    expect(text).toContain('NCCL         not found\n');
    expect(text).toMatch(/\n\nnothing is missing; --device cuda uses the GPU \(experimental\)\n$/);
  });

  it('does not require a GPU', () => {
    const problem = 'the CUDA plugin is not built';
    const cuda = {
      ...FOUND,
      present: false,
      plugin: null,
      runtime: null,
      problem,
      devices: [],
      libraries: [],
    };
    const diagnosis = diagnose({ ...PROCESSORS, threads: 1, bfloat16: false }, cuda);
    expect(diagnosis.advice).toBeNull();
    expect(formatDiagnosis(diagnosis)).toBe(
      `training works here, on the CPU: AVX-512 kernels, 1 thread

memory       8.00 GiB free
bfloat16     no instructions for it: less memory, not faster than float32
oneDNN       2.6.3
GPU          none

nothing is missing; a GPU is optional
`,
    );
  });

  it.each<[string, Processors, CudaReport, string]>([
    [
      'the addon',
      { ...PROCESSORS, problem: 'the native addon could not be loaded' },
      FOUND,
      'the native addon',
    ],
    ['a driver', PROCESSORS, { ...FOUND, problem: 'no NVIDIA driver is installed' }, 'no NVIDIA driver'],
    ['cuDNN', PROCESSORS, { ...FOUND, libraries: [missing('cuDNN'), missing('cuBLASLt')] }, 'needs cuDNN'],
    ['NCCL for two devices', PROCESSORS, { ...FOUND, devices: [device(0), device(1)] }, 'needs NCCL'],
  ])('gives one piece of advice: %s', (_, processors, cuda, advice) => {
    expect(diagnose(processors, cuda).advice).toContain(advice);
    expect(formatDiagnosis(diagnose(processors, cuda)).trimEnd().split('\n').at(-1)).toContain(advice);
  });
});
