/** Loading a checkpoint into a network: weights that fit, weights that are converted, and refusals. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { saveRunState, type TensorMap, writeSafetensors, writeStateDict } from '@inplace-abn/checkpoint';
import { cpu, type HostTensor } from '@inplace-abn/core';
import { type NormMode, namedAs, UnknownOriginError } from '@inplace-abn/interop';
import { onHost } from '@inplace-abn/session';
import { START } from '@inplace-abn/train';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../train/test/support/images.js';
import { configHash } from '../../src/config/hash.js';
import {
  Engine,
  initialStateOf,
  loadSnapshot,
  loadWeights,
  networkOf,
  segmentationNetworkOf,
  type TrainConfig,
  taskOf,
} from '../../src/index.js';
import { Classifier } from '../../src/inference/classifier.js';
import { restoreRun, restoreWeights } from '../../src/run/restore.js';
import { captureState, layoutOf } from '../../src/run/state.js';
import { torchCheckpointOf, writeTorchCheckpoint } from '../../src/run/torch-checkpoint.js';
import { segmentationConfigOf } from '../support/label-maps.js';
import { configOf } from '../support/runs.js';
import { weightsOf as weightsIn } from '../support/snapshots.js';

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

/** The scales of SCALE, which has six channels. */
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

async function load(path: string, config: TrainConfig = inPlace, trainedWith?: NormMode) {
  const task = taskOf(config);
  const target = { ...task, network: task.network(), config: config.network };
  const { tensors, ...rest } = await loadWeights(target, path, { trainedWith });
  return { ...rest, tensors: await onHost(tensors) };
}

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

describe('weights', () => {
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

  it('are converted from bfloat16, with a note', async () => {
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

  it('load into a network with another activation, with a note', async () => {
    const path = await runOf(inPlace, weightsOf(inPlace));
    const elu = configOf({ network: { activation: 'elu', activation_param: 1 } });
    const { notes, tensors } = await load(path, elu);
    expect(notes).toEqual(['the weights were trained with leaky_relu 0.01; they are tested with elu 1']);
    expect(await logitsOf(elu, tensors)).not.toEqual(await logitsOf(inPlace, tensors));
  });
});

describe('batch norm scales', () => {
  it('of an in-place network become |γ| + ε in an ordinary one, with the same logits', async () => {
    const trained = weightsOf(inPlace, scales(0.5, -0.5, -2));
    const path = await runOf(inPlace, trained);
    const { tensors, notes } = await load(path, ordinary);
    expect(notes).toEqual([expect.stringMatching(/trained with in-place batch norm.* take \|γ\| \+ ε/)]);
    expectClose(await logitsOf(ordinary, tensors), await logitsOf(inPlace, trained));
    expect(tensors.get(SCALE)?.data[1]).toBeCloseTo(0.50001, 6);
  });

  it('of an ordinary network become |γ| − ε in an in-place one, with the same logits', async () => {
    const trained = weightsOf(ordinary, scales(0.5, 1e-5, 2, -0.5, -2));
    const { tensors, notes } = await load(await runOf(ordinary, trained));
    expect(notes).toEqual([expect.stringMatching(/trained with ordinary batch norm.* take \|γ\| − ε/)]);
    expectClose(await logitsOf(inPlace, tensors), await logitsOf(ordinary, trained));
    expect(tensors.get(SCALE)?.data[1]).toBeCloseTo(0, 10);
    expect(tensors.get(SCALE)?.data[3]).toBeCloseTo(0.49999, 6);
  });

  it.each([0, 0.9e-5, -0.9e-5])('of %f in an ordinary network are named and converted', async (scale) => {
    const trained = weightsOf(ordinary, scales(0.5, scale, scale));
    const { tensors, notes } = await load(await runOf(ordinary, trained));
    expect(notes[1]).toContain(`mod2.block1.convs.bn1 channel 1: ${scale}, 2: ${scale}`);
    expectClose(await logitsOf(inPlace, tensors), await logitsOf(ordinary, trained));
  });

  it('that are negative are refused if a layer reads a sum, with a remedy', async () => {
    const network = { arch: 'wider_resnet16', width: 1 / 64 };
    const trained = configOf({ network: { ...network, bn_mode: 'standard' } });
    const weights = weightsOf(trained);
    const data = weights.get('mod5.block1.bn1.weight')?.data;
    if (data instanceof Float32Array) data[0] = -0.5;
    const path = await runOf(trained, weights);
    await expect(load(path, configOf({ network }))).rejects.toThrow(
      /and mod5\.block1\.bn1 reads .*\(mod5\.block1\.bn1 channel 0: -0\.5\); keep ordinary batch norm for these weights, with network\.bn_mode "standard"$/,
    );
  });

  it.each([inPlace, ordinary])('that are negative are refused if their origin is unknown', async (config) => {
    const trained = weightsOf(inPlace, scales(-0.5));
    const path = await safetensors(trained);
    await expect(load(path, config)).rejects.toThrow(
      new RegExp(
        `^1 of the \\d+ scales in ${path} are negative, the first in ${SCALE} .*: name the batch norm$`,
      ),
    );
    // The configuration of another run next to a state says nothing about it.
    const state = await runOf(ordinary, trained);
    await writeFile(join(state, '..', '..', 'config.json'), JSON.stringify(configOf({ seed: 9 })));
    await expect(load(state, config)).rejects.toThrow(UnknownOriginError);
    const { tensors } = await load(path, config, 'inplace');
    expectClose(await logitsOf(config, tensors), await logitsOf(inPlace, trained));
  });

  it('that are all positive are loaded unchanged if their origin is unknown', async () => {
    const trained = weightsOf(inPlace, scales(0.5));
    const { tensors, notes } = await load(await safetensors(trained), ordinary);
    expect(notes).toEqual([]);
    expect(tensors.get(SCALE)?.data).toEqual(trained.get(SCALE)?.data);
  });

  it('may not be declared to have another origin than the file records', async () => {
    const path = join(await temporaryFolder(), 'model.pth.tar');
    const rest = new Map([['bn_mode', 'inplace']]);
    await writeStateDict(path, weightsOf(inPlace, scales(-0.5)) as TensorMap, { rest });
    expect((await load(path, ordinary)).notes).toEqual([
      expect.stringMatching(/trained with in-place batch norm/),
    ]);
    await expect(load(path, ordinary, 'standard')).rejects.toThrow(
      `${path} records that it was trained with bn_mode inplace, but standard was given`,
    );
    expect((await load(path, inPlace, 'sync')).notes).toEqual([]);
  });
});

/** Every way to load a file into a network: how each program handles it. */
describe('every program', () => {
  const data = { train: { batches: 7 }, trainImages: 60, trainDigest: '' };

  /** A run's checkpoint.pth.tar and training state, outside its folder. */
  async function filesOf(config: TrainConfig, changes: Record<string, Float32Array>): Promise<string[]> {
    const engine = engineOf(config);
    engine.load(weightsOf(config, changes));
    for (const { name, kind } of engine.store.specs) {
      const { length } = engine.store.read(name).data;
      if (kind === 'optimizer') engine.store.write(name, new Float32Array(length).fill(1));
    }
    const folder = await temporaryFolder();
    const about = { layout: layoutOf(config, data), versions: {} };
    const state = captureState(engine, { ...START, epoch: 1, step: 7 }, config, about);
    const torch = torchCheckpointOf(state, engine, config, data.train.batches);
    await writeTorchCheckpoint(join(folder, 'checkpoint.pth.tar'), torch);
    await saveRunState(join(folder, 'state.safetensors'), state);
    return [join(folder, 'checkpoint.pth.tar'), join(folder, 'state.safetensors')];
  }

  function engineOf(config: TrainConfig): Engine {
    const engine = new Engine({ device: cpu(), config, evaluationBatches: [2] });
    engine.load(initialStateOf(engine.network, config.network, 1));
    return engine;
  }

  /** The scales that each program arrives at, or its error. */
  async function scalesIn(path: string, config: TrainConfig, trainedWith?: NormMode): Promise<unknown[]> {
    const programs: ((engine: Engine) => Promise<unknown>)[] = [
      (engine) => restoreWeights(engine, config, path, trainedWith),
      ...(['everything', 'weights', 'weights without classifier'] as const).map(
        (take) => (engine: Engine) => restoreRun({ engine, config, data, path, take, trainedWith }),
      ),
      async (engine) => engine.load((await load(path, config, trainedWith)).tensors),
    ];
    const found: unknown[] = [];
    // Planned once: each program begins with the initial weights.
    const engine = engineOf(config);
    for (const program of programs) {
      engine.load(initialStateOf(engine.network, config.network, 1));
      found.push(
        await program(engine).then(
          () => engine.store.read(SCALE).data,
          (error: Error) => error.message,
        ),
      );
    }
    return found;
  }

  it('converts in-place scales for ordinary layers', async () => {
    for (const path of await filesOf(inPlace, scales(-0.5, 2))) {
      const expected = Float32Array.of(0.50001, 2.00001, 1.00001, 1.00001, 1.00001, 1.00001);
      expect(await scalesIn(path, ordinary)).toEqual(Array(5).fill(expected));
    }
  });

  it('converts ordinary scales for in-place layers', async () => {
    for (const path of await filesOf(ordinary, scales(-0.5, 2))) {
      const expected = Float32Array.of(0.49999, 1.99999, 0.99999, 0.99999, 0.99999, 0.99999);
      expect(await scalesIn(path, inPlace)).toEqual(Array(5).fill(expected));
    }
  });

  it('flips the momentum of filters that change sign', async () => {
    for (const path of await filesOf(ordinary, scales(1, -0.5))) {
      const engine = engineOf(inPlace);
      await restoreRun({ engine, config: inPlace, data, path, take: 'everything' });
      const { data: momentum } = engine.store.read('mod2.block1.convs.conv1.weight.momentum_buffer');
      expect(
        [...momentum].map(
          (value, i) => Number(value) === (Math.floor((6 * i) / momentum.length) === 1 ? -1 : 1),
        ),
      ).not.toContain(false);
    }
  });

  it('flips the momentum of scales that change sign', async () => {
    for (const path of await filesOf(inPlace, scales(-0.5, 2))) {
      const engine = engineOf(ordinary);
      await restoreRun({ engine, config: ordinary, data, path, take: 'everything' });
      expect(engine.store.read(`${SCALE}.momentum_buffer`).data).toEqual(Float32Array.of(-1, 1, 1, 1, 1, 1));
    }
  });

  it('treats a foreign file as the user declares, or refuses it', async () => {
    const path = join(await temporaryFolder(), 'foreign.pth');
    await writeStateDict(path, weightsOf(inPlace, scales(-0.5, 2)) as TensorMap);
    const [first, ...others] = await scalesIn(path, ordinary);
    expect(first).toContain(`the first in ${SCALE} (channel 0: -0.5), and the file does not record`);
    expect(others).toEqual(Array(4).fill(first));
    const expected = Float32Array.of(0.50001, 2.00001, 1.00001, 1.00001, 1.00001, 1.00001);
    expect(await scalesIn(path, ordinary, 'inplace')).toEqual(Array(5).fill(expected));
  });

  it('does so for test-vistas and segmentation runs too', async () => {
    const sections = { network: { bn_mode: 'inplace' } };
    const [trained, tested] = [
      segmentationConfigOf(sections),
      segmentationConfigOf({ network: { bn_mode: 'standard' } }),
    ];
    const scale = 'body.mod2.block1.convs.bn1.weight';
    const weights = weightsIn(trained, 3);
    const data = weights.get(scale)?.data;
    if (data instanceof Float32Array) data[0] = -0.5;
    const path = join(await temporaryFolder(), 'snapshot.pth');
    await writeStateDict(path, weights as TensorMap);
    const network = segmentationNetworkOf(tested);
    await expect(loadSnapshot(network, path)).rejects.toThrow(
      `the first in ${scale} (channel 0: -0.5), and the file`,
    );
    const tensors = await onHost((await loadSnapshot(network, path, { trainedWith: 'inplace' })).tensors);
    expect(tensors.get(scale)?.data[0]).toBeCloseTo(0.50001, 6);
    const engine = new Engine({ device: cpu(), config: tested, evaluationBatches: [] });
    await restoreWeights(engine, tested, path, 'inplace');
    expect(engine.store.read(scale).data).toEqual(tensors.get(scale)?.data);
  });
});

describe('refuses a checkpoint that', () => {
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
    expect(await refusal(path)).toContain('it has no classifier, only the layers before it');
  });

  it('is of another network, and names it', async () => {
    const path = await safetensors(weightsOf(configOf({ network: { arch: 'resnet34', classes: 7 } })));
    expect(await refusal(path)).toContain(
      'it belongs to another network; set network.arch "resnet34" instead of "resnet18", network.classes 7 instead of 3',
    );
  });

  it('is of another torchvision network, and names it', async () => {
    const other = configOf({ network: { arch: 'resnet34', stem: 'imagenet', classes: 3 } });
    const tensors = namedAs('torchvision', networkOf(other.network), weightsOf(other));
    expect(await refusal(await safetensors(tensors))).toContain(
      'set network.arch "resnet34" instead of "resnet18", network.stem "imagenet" instead of "small"\n',
    );
  });

  it('is of an unknown network', async () => {
    const tensors = weightsOf(inPlace);
    const stem = tensors.get('mod1.conv1.weight');
    tensors.delete('mod1.conv1.weight');
    if (stem) tensors.set('mod1.conv_1.weight', stem);
    expect(await refusal(await safetensors(tensors))).toMatch(
      /does not fit the network:\n {2}missing +mod1\.conv1\.weight .*nearest: mod1\.conv_1\.weight/,
    );
  });

  it('is not a checkpoint or is missing', async () => {
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
