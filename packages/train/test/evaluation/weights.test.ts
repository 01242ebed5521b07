/** Weights of a checkpoint for the network under test: what fits, what is carried over, what is refused and why. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { saveRunState, type TensorMap, writeSafetensors, writeStateDict } from '@inplace-abn/checkpoint';
import { cpu, type HostTensor } from '@inplace-abn/core';
import { describe, expect, it } from 'vitest';
import { Classifier } from '../../src/evaluation/classifier.js';
import { loadWeights } from '../../src/evaluation/weights.js';
import { initialStateOf, networkOf, type TrainConfig } from '../../src/index.js';
import { configHash } from '../../src/run/state.js';
import { temporaryFolder } from '../support/images.js';
import { configOf } from '../support/runs.js';

const inPlace = configOf();
const ordinary = configOf({ network: { bn_mode: 'standard' } });
const SCALE = 'mod2.block1.convs.bn1.weight';

function weightsOf(config: TrainConfig, changes: Record<string, Float32Array> = {}): Map<string, HostTensor> {
  const tensors = initialStateOf(networkOf(config.network), config.network, 5);
  for (const [name, data] of Object.entries(changes)) {
    const tensor = tensors.get(name);
    if (tensor) tensors.set(name, { ...tensor, data });
  }
  return tensors;
}

/** Scales of SCALE, which has six channels. */
const scales = (...values: number[]) => ({
  [SCALE]: Float32Array.from({ length: 6 }, (_, i) => values[i] ?? 1),
});

async function safetensors(tensors: ReadonlyMap<string, HostTensor>): Promise<string> {
  const path = join(await temporaryFolder(), 'weights.safetensors');
  await writeSafetensors(path, tensors as TensorMap);
  return path;
}

/** A run folder with the configuration and a training state; returns the state's path. */
async function runOf(config: TrainConfig, model: ReadonlyMap<string, HostTensor>): Promise<string> {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'checkpoints'));
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  const path = join(folder, 'checkpoints', 'checkpoint-7.safetensors');
  const meta = { epoch: 1, step: 7, bestTop1: 50, seed: 1, configHash: configHash(config), versions: {} };
  await saveRunState(path, { meta, model: model as TensorMap, optimizer: new Map() });
  return path;
}

const load = (path: string, config: TrainConfig = inPlace) =>
  loadWeights(networkOf(config.network), config.network, path);

async function logitsOf(config: TrainConfig, tensors: ReadonlyMap<string, HostTensor>) {
  const network = networkOf(config.network);
  const classifier = new Classifier({
    device: cpu(),
    network,
    precision: 'float32',
    crop: 16,
    crops: 1,
    batches: [2],
  });
  classifier.load(tensors);
  const images = Uint8Array.from({ length: 2 * 16 * 16 * 3 }, (_, i) => (i * 31) % 256);
  return classifier.logits({ images, color: new Float32Array(24).fill(0.7), size: 2 });
}

function expectClose(actual: Float32Array, expected: Float32Array): void {
  expect(actual.length).toBe(expected.length);
  actual.forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i] ?? Number.NaN, 4);
  });
}

describe('weights', { timeout: 30_000 }, () => {
  it.each(['.safetensors', '.pth.tar'])('are read from %s, under names with module. too', async (end) => {
    const folder = await temporaryFolder();
    const path = join(folder, `model${end}`);
    const tensors = weightsOf(inPlace);
    await writeStateDict(path, tensors as TensorMap, { prefix: 'module.' });
    const { tensors: found, notes } = await load(path);
    expect(notes).toEqual([]);
    expect([...found.keys()]).toEqual([...tensors.keys()]);
    for (const [name, { data }] of tensors) expect(found.get(name)?.data).toEqual(data);
  });

  it('are converted from bfloat16, and the user told', async () => {
    const halves = [...weightsOf(inPlace)].map(([name, tensor]): [string, HostTensor] => {
      const { data } = tensor;
      // 0x3f80 is 1.
      return data instanceof Float32Array
        ? [name, { ...tensor, dtype: 'bfloat16', data: new Uint16Array(data.length).fill(0x3f80) }]
        : [name, tensor];
    });
    const path = await safetensors(new Map(halves));
    const { tensors, notes } = await load(path);
    expect(notes).toEqual([`${path} is converted: bfloat16 to float32`]);
    expect(tensors.get(SCALE)).toMatchObject({ dtype: 'float32', data: new Float32Array(6).fill(1) });
  });

  it('are taken by a network that differs in its activation, and the user told', async () => {
    const path = await runOf(inPlace, weightsOf(inPlace));
    const elu = configOf({ network: { activation: 'elu', activation_param: 1 } });
    const { notes, tensors } = await load(path, elu);
    expect(notes).toEqual(['the weights were trained with leaky_relu 0.01; they are tested with elu 1']);
    expect(await logitsOf(elu, tensors)).not.toEqual(await logitsOf(inPlace, tensors));
  });
});

describe('scales', { timeout: 30_000 }, () => {
  it('of an in-place network become |γ| + ε in an ordinary one: the same logits', async () => {
    const trained = weightsOf(inPlace, scales(0.5, -0.5, -2));
    const path = await runOf(inPlace, trained);
    const { tensors, notes } = await load(path, ordinary);
    expect(notes).toEqual([expect.stringMatching(/trained with in-place batch norm.* take \|γ\| \+ ε/)]);
    expectClose(await logitsOf(ordinary, tensors), await logitsOf(inPlace, trained));
    expect(tensors.get(SCALE)?.data[1]).toBeCloseTo(0.50001, 6);
  });

  it('of an ordinary network become γ − ε in an in-place one: the same logits', async () => {
    const trained = weightsOf(ordinary, scales(0.5, 0, 2));
    const { tensors, notes } = await load(await runOf(ordinary, trained));
    expect(notes).toEqual([expect.stringMatching(/trained with ordinary batch norm.* take γ − ε/)]);
    expectClose(await logitsOf(inPlace, tensors), await logitsOf(ordinary, trained));
  });

  it('of an ordinary network are refused by an in-place one where one is negative', async () => {
    const path = await runOf(ordinary, weightsOf(ordinary, scales(0.5, -0.5, -1)));
    await expect(load(path)).rejects.toThrow(
      new RegExp(
        `trained with ordinary batch norm and 2 of its \\d+ scales are negative, the first in ${SCALE}`,
      ),
    );
    expect((await load(path, ordinary)).notes).toEqual([]);
  });

  it('that are negative are worth a note where nobody knows their origin', async () => {
    const path = await safetensors(weightsOf(inPlace, scales(-0.5)));
    const { notes } = await load(path);
    expect(notes).toEqual([
      expect.stringMatching(/^1 of the \d+ scales in .* need network\.bn_mode "standard"$/),
    ]);
    expect((await load(path, ordinary)).notes).toEqual([]);
    // The configuration of another run beside a state says nothing about it.
    const state = await runOf(ordinary, weightsOf(inPlace, scales(-0.5)));
    await writeFile(join(state, '..', '..', 'config.json'), JSON.stringify(configOf({ seed: 9 })));
    expect((await load(state)).notes).toEqual(notes.map((note) => note.replace(path, state)));
  });
});

describe('a checkpoint that does not fit', () => {
  const refusal = async (path: string, config: TrainConfig = inPlace) =>
    load(path, config).then(
      () => 'accepted',
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );

  it('has another number of classes', async () => {
    const path = await safetensors(weightsOf(configOf({ network: { classes: 10 } })));
    expect(await refusal(path)).toMatch(
      /its classifier is for 10 classes, network\.classes is 3\. Set network\.classes to 10 and test on images of those/,
    );
  });

  it('has no classifier', async () => {
    const path = await safetensors(weightsOf(configOf({ network: { classes: 0 } })));
    expect(await refusal(path)).toContain('it holds no classifier, only the layers below');
  });

  it('is of another network, which is named', async () => {
    const path = await safetensors(weightsOf(configOf({ network: { arch: 'resnet34', classes: 7 } })));
    expect(await refusal(path)).toContain(
      'it is of another network; set network.arch "resnet34" in place of "resnet18", network.classes 7 in place of 3',
    );
  });

  it('is of a network that nobody knows', async () => {
    const tensors = weightsOf(inPlace);
    const stem = tensors.get('mod1.conv1.weight');
    tensors.delete('mod1.conv1.weight');
    if (stem) tensors.set('mod1.conv_1.weight', stem);
    expect(await refusal(await safetensors(tensors))).toMatch(
      /does not fit the network:\n {2}missing +mod1\.conv1\.weight .*nearest: mod1\.conv_1\.weight/,
    );
  });

  it('is none, or not there', async () => {
    const folder = await temporaryFolder();
    const text = join(folder, 'notes.txt');
    await writeFile(text, 'not a checkpoint at all');
    expect(await refusal(text)).toContain(`${text} is not a checkpoint`);
    expect(await refusal(join(folder, 'none.pth'))).toContain(
      `there is no checkpoint ${join(folder, 'none.pth')}`,
    );
    expect(await refusal(folder)).toContain('No checkpoint to resume from');
  });
});
