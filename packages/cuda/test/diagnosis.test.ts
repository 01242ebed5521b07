/** What doctor says of what was found. */
import { describe, expect, it } from 'vitest';
import { diagnose, formatDiagnosis, type Processors } from '../src/cli/diagnosis.js';
import type { CudaReport, CudaReportLibrary } from '../src/index.js';

const PROCESSORS: Processors = {
  threads: 2,
  memory: 8 * 2 ** 30,
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
  plugin: '/plugin.so',
  driver: '13.0',
  runtime: '13.0',
  problem: null,
  devices: [device(0)],
  libraries: [there('cuDNN'), there('cuBLASLt'), missing('NCCL')],
};

describe('doctor', () => {
  it('lists what there is, and needs no NCCL for one device', () => {
    const text = formatDiagnosis(diagnose(PROCESSORS, FOUND));
    expect(text).toContain('processors   2 threads, 8.00 GiB free, float32 and bfloat16, oneDNN 2.6.3\n');
    expect(text).toContain('cuda:0       A GPU, compute capability 9.0, 1.00 GiB free of 80.0 GiB\n');
    expect(text).toContain('NCCL         not found\n');
    expect(text).toMatch(/\n\nnothing is missing\n$/);
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
  ])('names one thing to do: %s', (_, processors, cuda, advice) => {
    expect(diagnose(processors, cuda).advice).toContain(advice);
    expect(formatDiagnosis(diagnose(processors, cuda)).trimEnd().split('\n').at(-1)).toContain(advice);
  });
});
