import { describe, expect, it } from 'vitest';
import { cudaArchitectures, cudaOptions } from './cuda.mjs';

describe('IABN_CUDA_ARCH_LIST', () => {
  it.each([
    [undefined, '80-real;90'],
    ['Ampere;Hopper', '80-real;86-real;90-real'],
    ['8.0;9.0', '80-real;90-real'],
    ['8.0 9.0+PTX', '80-real;90'],
    ['hopper+ptx, 9.0+PTX', '90'],
  ])('%s is %s', (list, architectures) => {
    expect(cudaArchitectures(list)).toBe(architectures);
  });

  it.each(['Pascal', '90', '9.0a'])('refuses %s', (list) => {
    expect(() => cudaArchitectures(list)).toThrow(`'${list.toLowerCase()}' is neither a compute capability`);
  });
});

describe('the CUDA plugin', () => {
  it('is built if there are nvcc and a device', () => {
    expect(cudaOptions({}, { nvcc: true, device: true })).toContain('--CDIABN_CUDA=ON');
    expect(cudaOptions({}, { nvcc: true, device: false })).toEqual([]);
    expect(cudaOptions({}, { nvcc: false, device: true })).toEqual([]);
  });

  it('is built without a device on request', () => {
    const env = { IABN_FORCE_CUDA: '1', IABN_CUDA_ARCH_LIST: '9.0' };
    expect(cudaOptions(env, { nvcc: true, device: false })).toEqual([
      '--CDIABN_CUDA=ON',
      '--CDIABN_CUDA_ARCHITECTURES=90-real',
    ]);
  });

  it('cannot be requested without nvcc', () => {
    expect(() => cudaOptions({ IABN_FORCE_CUDA: '1' }, { nvcc: false, device: true })).toThrow(
      'nvcc is not found',
    );
  });
});
