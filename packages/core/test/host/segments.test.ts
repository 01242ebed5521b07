/** The device calls of programs with ops in JavaScript. */
import { afterEach, expect, it, vi } from 'vitest';
import { HostKernel } from '../../src/host/kernel.js';
import { load } from '../../src/host/segments.js';
import { cpu } from '../../src/native/cpu.js';

afterEach(() => {
  vi.restoreAllMocks();
});

it('the error of an op is not hidden by that of a pending sum', async () => {
  const device = cpu();
  const run = vi.fn(async () => ({ values: [], timings: [] }));
  const settle = vi.fn(() => Promise.reject(new Error('the sum failed')));
  vi.spyOn(device, 'load').mockReturnValue({ run, settle });
  const failing = () => {
    throw new Error('stopped');
  };
  const spec = { op: 'failing', attrs: {}, inputs: [], outputs: [{ shape: [1], dtype: 'float32' as const }] };
  const output = { memory: device.allocate(4), offset: 0 };
  const instruction = {
    kernel: new HostKernel(failing, spec),
    inputs: [],
    outputs: [output],
    workspace: null,
  };
  const executable = load(device, [instruction]);
  await expect(executable.run([], [], { begin: 0, end: 1 }, false)).rejects.toThrow('stopped');
  expect(settle).toHaveBeenCalledOnce();
});
