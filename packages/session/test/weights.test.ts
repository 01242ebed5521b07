/** Loading files of other libraries, and of the other kind of batch norm, into a session. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TensorMap, writeStateDict } from '@inplace-abn/checkpoint';
import { cpu, type Device } from '@inplace-abn/core';
import { namedAs } from '@inplace-abn/interop';
import { createNetwork } from '@inplace-abn/models';
import { ABN, Conv2d, GlobalAvgPool2d, InPlaceABN, type NormAct, Sequential } from '@inplace-abn/nn';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type FloatTensor, Session } from '../src/index.js';

const ordinary: NormAct = (channels, options = {}) => new ABN(channels, options);
const inPlace: NormAct = (channels, options = {}) => new InPlaceABN(channels, options);
const images = Float32Array.from({ length: 2 * 32 * 32 * 3 }, (_, i) => Math.sin(i));
const device: Device = cpu();

function resnet(normAct: NormAct): Session {
  const network = createNetwork('resnet18', { normAct, classes: 5, width: 1 / 16 });
  return new Session(network, { input: { shape: [3, 32, 32] }, device });
}

/** A network with both kinds of batch norm. */
function mixed(): Session {
  const network = new Sequential({
    conv: new Conv2d(3, 4, 3, { bias: false }),
    bn: ordinary(4),
    next: new Conv2d(4, 4, 3, { bias: false }),
    last: inPlace(4),
    pool: new GlobalAvgPool2d(),
  });
  return new Session(network, { input: { shape: [3, 32, 32] }, device });
}

/** The state of a session, with scales of alternating sign. */
function signed(session: Session): TensorMap {
  return new Map(
    [...session.state].map(([name, tensor]) => {
      const { data } = tensor;
      const scale = /bn\d?\.weight$/.test(name) && data instanceof Float32Array;
      return [name, scale ? { ...tensor, data: data.map((value, i) => (i % 2 ? -value : value)) } : tensor];
    }),
  );
}

async function written(name: string, tensors: TensorMap): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'weights-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeStateDict(join(folder, name), tensors);
  return join(folder, name);
}

function expectClose(actual: FloatTensor, expected: FloatTensor): void {
  expect(actual.shape).toEqual(expected.shape);
  actual.data.forEach((value, i) => {
    expect(value).toBeCloseTo(expected.data[i] ?? Number.NaN, 5);
  });
}

describe('load', () => {
  it('loads a file with torchvision names, and converts its scales for in-place layers', async () => {
    const trained = resnet(ordinary);
    const weights = signed(trained);
    const path = await written('resnet18.pth', namedAs('torchvision', trained.module, weights));
    expect(await trained.load(path)).toEqual([`${path} has the names of torchvision`]);
    const session = resnet(inPlace);
    const notes = await session.load(path);
    expect(notes[1]).toMatch(/20 layers take \|γ\| − ε as their scale; negative signs of 20 move/);
    expectClose(await session.predict(images), await trained.predict(images));
  });

  it('converts weights that another session saved', async () => {
    const first = resnet(inPlace);
    const path = await written('signed.safetensors', signed(first));
    await expect(first.load(path)).rejects.toMatchObject({ code: 'ERR_UNKNOWN_ORIGIN' });
    expect(await first.load(path, { trainedWith: 'inplace' })).toEqual([]);
    const saved = await written('saved.safetensors', new Map());
    await first.save(saved);
    const second = resnet(ordinary);
    expect(await second.load(saved)).toEqual([expect.stringMatching(/20 layers take \|γ\| \+ ε/)]);
    expectClose(await second.predict(images), await first.predict(images));
    expect(await first.load(saved)).toEqual([]);
  });

  it('loads weights unchanged if the network has layers of both kinds', async () => {
    const path = await written('mixed.safetensors', signed(mixed()));
    const session = mixed();
    expect(await session.load(path)).toEqual([]);
    expect([...(session.state.get('bn.weight')?.data ?? [])]).toEqual([1, -1, 1, -1]);
  });
});
