/**
 * The CUDA device: missing parts, failures, and state kept between runs. Each test sets its own environment.
 */
import { CommandLineError } from '@inplace-abn/cli';
import { activation, type Device, defineOp, type Program, programOf, run, trace } from '@inplace-abn/core';
import { InvalidArgumentError } from 'commander';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  CudaDevice,
  checkProcessDevice,
  chooseDevice,
  chooseProcessDevice,
  cudaOptions,
  cudaReport,
  deviceOption,
  parseDeviceName,
} from '../src/index.js';
import { cudaProblem, defaultReason } from '../src/program/choose.js';
import { emulate } from './support/emulated.js';

const RELU = { activation: 'relu', slope: 0 } as const;
const open = (options: Partial<ReturnType<typeof cudaOptions>> = {}) =>
  new CudaDevice(0, { ...cudaOptions(), ...options });

let before: NodeJS.ProcessEnv;
beforeEach(() => {
  before = { ...process.env };
  emulate();
});
afterEach(() => {
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  Object.assign(process.env, before);
});

describe('a missing part', () => {
  it.each([
    [{ IABN_EMULATED_DRIVER: '0' }, 'no NVIDIA driver is installed: install one, or use --device cpu'],
    [
      { IABN_EMULATED_DRIVER: '12020' },
      'the NVIDIA driver is for CUDA 12.2 but CUDA 13.0 is needed: update the driver, or use --device cpu',
    ],
    [{ IABN_EMULATED_DEVICES: '0' }, 'check nvidia-smi and CUDA_VISIBLE_DEVICES'],
    [{ IABN_CUDA_PLUGIN: '/nowhere.so' }, 'IABN_CUDA_PLUGIN names /nowhere.so, which does not exist'],
  ])('is reported in one sentence: %o', (environment, sentence) => {
    Object.assign(process.env, environment);
    expect(cudaReport().problem).toContain(sentence);
    expect(cudaReport().devices).toEqual([]);
    expect(() => open()).toThrow(sentence);
    // Call it directly, in case the machine has a GPU that the emulated driver hides.
    expect(() => chooseDevice('cuda')).toThrow(
      /this machine has no NVIDIA GPU: use --device cpu|driver|nowhere/,
    );
    expect(chooseDevice(undefined).device.name).toBe('cpu');
  });

  it('cuDNN: named, with a fix', async () => {
    process.env.IABN_CUDNN_LIBRARY = '/nowhere/libcudnn.so';
    expect(() => chooseDevice('cuda')).toThrow('the CUDA device needs cuDNN, which cannot be loaded');
    expect(() => chooseDevice('cuda')).toThrow('IABN_CUDNN_LIBRARY');
    const spec = {
      op: 'conv2d' as const,
      attrs: { stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 },
      inputs: [
        { shape: [1, 1, 2, 2], dtype: 'float32' as const },
        { shape: [1, 1, 1, 1], dtype: 'float32' as const },
        null,
      ],
      outputs: [{ shape: [1, 1, 2, 2], dtype: 'float32' as const }],
    };
    expect(() => open().prepare(spec)).toThrow('needs cuDNN');
  });

  it('memory: the needed and free bytes', () => {
    process.env.IABN_EMULATED_MEMORY = String(64 * 2 ** 20);
    const device = open();
    const held = device.allocate(48 * 2 ** 20);
    expect(() => device.allocate(32 * 2 ** 20)).toThrow(
      'cuda:0 has 16 MiB of 64 MiB free but 32 MiB are needed: use a smaller batch',
    );
    expect(device.availableBytes()).toBe(16 * 2 ** 20);
    held.write(0, Uint8Array.of(7));
    expect([...held.read(0, 2)]).toEqual([7, 0]);
  });

  it('a device index: the devices that exist', () => {
    expect(() => new CudaDevice(3, cudaOptions())).toThrow(
      'there is no cuda:3: this machine has only cuda:0',
    );
  });
});

describe('--device', () => {
  it.each([
    ['cpu', null],
    ['cuda', 0],
    ['cuda:2', 2],
  ])('%s', (name, index) => expect(parseDeviceName(name)).toBe(index));

  it.each(['gpu', 'cuda:', 'cuda:-1', 'CPU'])('refuses %s', (name) => {
    expect(() => parseDeviceName(name)).toThrow('expected cpu, cuda or cuda:INDEX but received');
    const option = deviceOption();
    expect(() => option.parseArg?.(name, undefined)).toThrow(InvalidArgumentError);
  });

  it('is a command-line error if NCCL is requested without a GPU', () => {
    expect(() => checkProcessDevice({ distBackend: 'nccl' })).toThrow(CommandLineError);
    expect(() => checkProcessDevice({ device: 'cpu', distBackend: 'nccl' })).toThrow('add --device cuda');
    expect(() => checkProcessDevice({ device: 'cuda:1', distBackend: 'nccl' })).not.toThrow();
    expect(() => checkProcessDevice({ distBackend: 'gloo' })).not.toThrow();
  });

  it('defaults to the CPU and mentions an available GPU', () => {
    expect(chooseDevice(undefined, 3)).toMatchObject({
      device: { name: 'cpu' },
      reason:
        'device cpu; this machine has a GPU (emulated device): --device cuda uses it (experimental: CUDA has not run on a GPU yet)',
    });
    expect(defaultReason({ present: false, devices: [] })).toBe('device cpu');
    expect(defaultReason({ present: true, devices: [] })).toMatch(
      /^device cpu; this machine has a GPU: --device cuda/,
    );
  });

  it.each([
    [{ present: false, problem: 'the CUDA plugin is not built' }, 'this machine has no NVIDIA GPU'],
    [{ present: true, problem: 'the CUDA plugin is not built' }, 'the CUDA plugin is not built'],
    [{ present: true, problem: null }, null],
  ])('%o: why cuda cannot be used', (found, expected) => {
    const none = { plugin: null, driver: null, runtime: null, devices: [], libraries: [] };
    const problem = cudaProblem({ ...none, ...found });
    expect(problem).toEqual(expected === null ? null : expect.stringContaining(expected));
  });

  it('uses the named GPU, or one GPU per local process', () => {
    process.env.IABN_EMULATED_DEVICES = '2';
    expect(chooseDevice('cuda', 1).reason).toMatch(/^device cuda:1 \(.*\), experimental$/);
    expect(chooseDevice('cuda', 1).device.name).toBe('cuda:1');
    expect(chooseProcessDevice({ device: 'cuda', distBackend: 'gloo' }, 1).device.name).toBe('cuda:1');
    expect(chooseDevice('cuda:0', 1).device.name).toBe('cuda:0');
    expect(chooseDevice('cpu').reason).toBe('device cpu');
  });
});

/** z = relu(x) for n elements, loaded on the device. */
function program(device: Device, n: number): Program {
  const graph = trace((tracer) => ({ z: activation(tracer.input('x', [n, 1], 'float32'), RELU) }));
  return programOf(graph, { device });
}

const ramp = (n: number, step: number) => Float32Array.from({ length: n }, (_, i) => (i - n / 2) * step);

describe('a run', () => {
  it.each([false, true])('uses prefetched inputs, graphs: %s', async (graphs) => {
    const n = 5000;
    const relu = program(open({ graphs }), n);
    const inputs = [1, 2, 3, 4, 5].map((step) => ({ x: ramp(n, step) }));
    expect(relu.prefetches).toBe(true);
    for (const [i, each] of inputs.entries()) {
      const running = relu.run(each);
      const next = inputs[i + 1];
      if (next) relu.prefetch(next);
      const { outputs } = await running;
      expect(outputs.z).toEqual(each.x.map((value) => Math.max(0, value)));
    }
  });

  it('identifies prefetched inputs by memory, not by array object', async () => {
    const relu = program(open(), 8);
    const x = ramp(8, 1);
    relu.prefetch({ x: x.subarray() });
    // Breaks the contract on purpose to see which copy is used.
    x.fill(9);
    expect((await relu.run({ x })).outputs.z).toEqual(ramp(8, 1).map((value) => Math.max(0, value)));
    expect((await relu.run({ x })).outputs.z).toEqual(x);
  });

  it('ignores prefetched inputs that do not match', async () => {
    const relu = program(open(), 8);
    relu.prefetch({ x: ramp(8, 1) });
    relu.prefetch({ x: ramp(8, 2) });
    const { outputs } = await relu.run({ x: ramp(8, 3) });
    expect(outputs.z).toEqual(ramp(8, 3).map((value) => Math.max(0, value)));
  });

  it.each([false, true])('stops for an op that JavaScript computes, graphs: %s', async (graphs) => {
    const double = defineOp({
      name: 'double',
      inputs: { x: 'data' },
      run({ x }, y) {
        for (let i = 0; i < y.data.length; i++) y.data[i] = 2 * (x.data[i] ?? 0);
      },
      gradient: null,
    });
    const device = open({ graphs });
    const graph = trace((tracer) => {
      const relu = activation(tracer.input('x', [100, 1], 'float32'), RELU);
      return { z: activation(double({ x: relu }), { activation: 'leaky_relu', slope: 0.5 }) };
    });
    const doubled = programOf(graph, { device });
    for (const step of [1, 2, 3]) {
      const x = ramp(100, step);
      if (step > 1) doubled.prefetch({ x });
      const { outputs } = await doubled.run({ x });
      expect(outputs.z).toEqual(x.map((value) => 2 * Math.max(0, value)));
    }
  });

  it('is timed by events', async () => {
    const { timings } = await program(open(), 100).run({ x: ramp(100, 1) }, { timed: true });
    expect(timings).toHaveLength(1);
    expect(timings.every(({ begin, end }) => end >= begin)).toBe(true);
  });

  it('names the op of a failing kernel', async () => {
    const device = open();
    await expect(
      run(
        ({ x }) => ({ z: activation(x, RELU) }),
        { x: { shape: [4, 1], data: ramp(4, 1) } },
        { device: failing(device) },
      ),
    ).rejects.toThrow(/^activation failed: launch: /);
  });
});

/** The device with the emulated runtime set to fail the next launch. */
function failing(device: CudaDevice): Device {
  process.env.IABN_EMULATED_FAILURE = '1';
  return device;
}
