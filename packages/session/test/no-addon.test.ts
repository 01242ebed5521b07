/** A machine without the addon: plans work and say that they estimate; training fails with a remedy. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Conv2d, GlobalAvgPool2d, InPlaceABN, Linear, Sequential } from '@inplace-abn/nn';
import { sgd } from '@inplace-abn/optim';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { crossEntropy, Session } from '../src/index.js';

const fresh = () => {
  const layers = [16, 32, 64].flatMap((channels, i, all) => [
    new Conv2d(all[i - 1] ?? 3, channels, 3, { padding: 1, bias: false }),
    new InPlaceABN(channels),
  ]);
  const body = Object.fromEntries(layers.map((layer, i) => [`layer${i}`, layer]));
  return new Sequential({ ...body, pool: new GlobalAvgPool2d(), fc: new Linear(64, 10) });
};
const options = {
  input: { shape: [3, 32, 32] },
  loss: crossEntropy(),
  optimizer: sgd({ learningRate: 0.1 }),
} as const;

async function sessionWithoutAddon() {
  vi.stubEnv('IABN_ADDON', join(tmpdir(), 'no.node'));
  vi.resetModules();
  const { defaultDevice } = await import('@inplace-abn/core');
  return new Session(fresh(), { ...options, device: defaultDevice() });
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('without the addon', () => {
  it('a plan says that workspaces are estimated, and is close to the real one', async () => {
    const real = new Session(fresh(), options).plan({ train: 32 });
    const estimated = (await sessionWithoutAddon()).plan({ train: 32 });
    expect(estimated.summary()).toContain('workspaces are estimated: IABN_ADDON names an addon that cannot');
    expect(real.summary()).not.toContain('estimated');
    expect(estimated.bytes / real.bytes).toBeGreaterThan(0.9);
    expect(estimated.bytes / real.bytes).toBeLessThan(1.1);
  });

  it('training throws what loading the addon threw', async () => {
    const own = await sessionWithoutAddon();
    const training = own.train(new Float32Array(2 * 32 * 32 * 3), new Int32Array(2));
    await expect(training).rejects.toMatchObject({ code: 'ERR_NO_NATIVE_ADDON' });
  });
});
