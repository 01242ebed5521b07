/** The same training with the native addon and in WebAssembly, if that is built (`npm run wasm`). */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { availableMemory, cpu, type Device } from '@inplace-abn/core';
import { Conv2d, GlobalAvgPool2d, InPlaceABN, Linear, type Module, Sequential } from '@inplace-abn/nn';
import { adam } from '@inplace-abn/optim';
import { afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { newFolder } from '../../../tools/vitest/new-folder.js';
import { crossEntropy, Session } from '../src/index.js';
import { batchOf, CLASSES, SIDE, session } from './support/stripes.js';

const FILE = fileURLToPath(new URL('../../../native/build-wasm/inplace_abn.wasm', import.meta.url));
const MOST_BYTES = 4e6;

const IMAGES = { shape: [64, 64, 1024, 1024], dtype: 'float32' } as const;
/** An addition of tensors of 16 GiB each. */
const LARGE = { op: 'add', attrs: {}, inputs: [IMAGES, IMAGES], outputs: [IMAGES] };

/** Convolutions with strides, groups and several kernel sizes, and in-place layers. */
const network = () =>
  new Sequential({
    conv1: new Conv2d(1, 16, 3, { padding: 1, bias: false }),
    bn1: new InPlaceABN(16),
    conv2: new Conv2d(16, 32, 3, { stride: 2, padding: 1, groups: 2, bias: false }),
    bn2: new InPlaceABN(32, { activation: 'elu' }),
    conv3: new Conv2d(32, 16, 1, { bias: false }),
    bn3: new InPlaceABN(16),
    pool: new GlobalAvgPool2d(),
    fc: new Linear(16, CLASSES),
  });

const options = {
  input: { shape: [1, SIDE, SIDE] },
  loss: crossEntropy(),
  optimizer: adam({ learningRate: 0.01 }),
} as const;

type Core = typeof import('@inplace-abn/core');

/** Fresh modules, which load the addon that IABN_ADDON names. */
async function webAssembly(): Promise<Core> {
  vi.stubEnv('IABN_ADDON', FILE);
  vi.resetModules();
  return import('@inplace-abn/core');
}

async function losses(of: Session, steps: number, first = 0): Promise<number[]> {
  const found: number[] = [];
  for (let step = first; step < first + steps; step++) {
    const { x, y } = batchOf(12, step);
    found.push((await of.train(x, y)).loss);
  }
  return found;
}

function expectClose(found: readonly number[], expected: readonly number[], relative: number): void {
  expect(found.length).toBe(expected.length);
  for (const [i, value] of expected.entries()) {
    expect(Math.abs((found[i] ?? Number.NaN) - value), `step ${i}`).toBeLessThan(relative * Math.abs(value));
  }
}

async function newPath(name: string): Promise<string> {
  const folder = await newFolder('web-assembly');
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, name);
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe.skipIf(!existsSync(FILE))('the addon in WebAssembly', () => {
  let core: Core;
  let wasm: Device;
  beforeAll(async () => {
    core = await webAssembly();
    wasm = core.cpu();
  });

  it('is small, and describes itself', () => {
    expect(statSync(FILE).size).toBeLessThan(MOST_BYTES);
    expect(wasm.machine).toBe('1 threads of WebAssembly, own kernels');
    expect(wasm.availableBytes()).toBeLessThanOrEqual(2 ** 32);
  });

  it.each([
    ['float32', 1e-4],
    ['bfloat16', 0.03],
  ] as const)('trains in %s with the losses of the native addon', async (precision, relative) => {
    const [native, own] = [cpu(), wasm].map(
      (device) => new Session(network(), { ...options, device, precision }),
    );
    if (!native || !own) return expect.fail();
    expectClose(await losses(own, 10), await losses(native, 10), relative);
  });

  it('computes the same bits on two threads', async () => {
    const { cpu: fresh, loadNative, loadWasm } = await webAssembly();
    await loadWasm(readFileSync(FILE), { threads: 2 });
    expect(loadNative().threads()).toBe(2);
    // A parallel loop runs on all existing threads and waits for each.
    expect(loadNative().threadsThere?.()).toBe(2);
    for (const precision of ['float32', 'bfloat16'] as const) {
      const [one, two] = [wasm, fresh()].map(
        (device) => new Session(network(), { ...options, device, precision }),
      );
      if (!one || !two) return expect.fail();
      expect(await losses(two, 5)).toEqual(await losses(one, 5));
    }
  });

  it('learns', async () => {
    const own = session({ device: wasm });
    expect((await losses(own, 40)).at(-1)).toBeLessThan(0.2);
  });

  it('loads checkpoints of the native addon, and vice versa', async () => {
    for (const [from, to] of [
      [cpu(), wasm],
      [wasm, cpu()],
    ] as const) {
      const path = await newPath('net.safetensors');
      const first = session({ device: from });
      const second = session({ device: to, seed: 7 });
      await losses(first, 3);
      await first.save(path);
      await second.load(path);
      expect(second.state).toEqual(first.state);
      const { x } = batchOf(4);
      const [one, other] = [await first.predict(x), await second.predict(x)];
      expectClose([...other.data], [...one.data], 1e-4);
    }
  });

  it('reuses the memory of a smaller arena for a larger one', async () => {
    const own = session({ device: wasm });
    const expected = session({ device: cpu() });
    for (const size of [6, 60, 6, 600]) {
      const { x, y } = batchOf(size);
      expectClose([(await own.train(x, y)).loss], [(await expected.train(x, y)).loss], 1e-4);
    }
    const { arenaBytes } = own.plan({ train: 600 }).raw;
    // The garbage collector cannot run between these lines.
    const left = core.loadNative().addressableBytes?.() ?? Number.NaN;
    own.discard();
    expect(core.loadNative().addressableBytes?.()).toBe(left + arenaBytes);
    const { x, y } = batchOf(6);
    expectClose([(await own.train(x, y)).loss], [(await expected.train(x, y)).loss], 1e-4);
  });

  it.runIf(availableMemory() > 2 ** 33)(
    'reports its address space as the limit, which no setting raises',
    () => {
      // Deep enough that the operands of each kernel fit.
      const layers = Array.from({ length: 8 }, (_, i): [string, Module][] => [
        [`conv${i}`, new Conv2d(i === 0 ? 1 : 8, 8, 3, { padding: 1, bias: false })],
        [`bn${i}`, new InPlaceABN(8)],
      ]);
      const ends = { pool: new GlobalAvgPool2d(), fc: new Linear(8, CLASSES) };
      const deep = new Sequential({ ...Object.fromEntries(layers.flat()), ...ends });
      const own = new Session(deep, { ...options, device: wasm });
      const { bytes } = own.plan({ train: 1000 });
      const large = own.plan({ train: Math.ceil((1.1 * 2 ** 32 * 1000) / bytes) });
      expect(() => own.reserve([large])).toThrow(
        /are available under the 4 GB that WebAssembly can address: choose a smaller batch, .*, or compute on a system with native kernels/,
      );
    },
  );

  it('refuses tensors beyond its address space', () => {
    expect(() => wasm.allocate(2 ** 32)).toThrow('WebAssembly has 4 GB');
    expect(() => wasm.prepare(LARGE)).toThrow('more than the 4 GB that WebAssembly has');
  });

  it('is the default device of a session, but planning uses one without a limit on operands', () => {
    expect(core.defaultDevice()).toBe(wasm);
    const planning: Device = core.planningCpu();
    expect(planning.estimate).toMatch(/^workspaces are estimated: plans for WebAssembly time no kernels/);
    expect(planning.prepare(LARGE).implementation).toBe('estimate');
    expect(() => planning.allocate(1)).toThrow('cannot run: use cpu()');
  });
});
