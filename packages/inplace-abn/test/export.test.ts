import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describedAs, readStateDict, writeSafetensors } from '@inplace-abn/checkpoint';
import { exitCodeOf } from '@inplace-abn/cli';
import { descriptionOf, initialStateOf, networkOf, resolveConfig } from '@inplace-abn/recipes';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportCommand } from '../src/export/command.js';
import { exportCheckpoint } from '../src/export/export.js';
import { describeSizes, sizesOf } from '../src/export/sizes.js';

const folder = mkdtempSync(join(tmpdir(), 'export-'));
afterAll(() => rmSync(folder, { recursive: true }));

const CLASSES = ['cat', 'dog', 'cow'];
const checkpoint = join(folder, 'net.safetensors');
const bare = join(folder, 'bare.safetensors');

const config = resolveConfig(
  {
    network: { arch: 'resnet18', classes: 3, width: 0.125, bn_mode: 'inplace', activation: 'leaky_relu' },
    input: { crop_val: 40, scale_val: 48 },
  },
  'a test',
);
const network = networkOf(config.network);
const state = initialStateOf(network, config.network, 1);

beforeAll(async () => {
  const told = Object.entries(describedAs(descriptionOf(config, { classes: CLASSES })));
  const metadata = Object.fromEntries(told.map(([key, value]) => [key, JSON.stringify(value)]));
  await writeSafetensors(checkpoint, state, { metadata });
  await writeSafetensors(bare, state);
});

async function refusal(...args: string[]): Promise<{ code: number; text: string }> {
  let text = '';
  const code = await exitCodeOf(exportCommand(), {
    module: import.meta.url,
    args,
    err: (more) => {
      text += more;
    },
  });
  return { code, text };
}

describe('dynamic sizes', () => {
  const segmentation = (more: object = {}, network: object = {}) =>
    resolveConfig(
      { task: 'segmentation', network: { classes: 4, ...network }, segmentation: more },
      'a test',
    );

  it('are those for which the network has the same graph', () => {
    const tresnet = resolveConfig({ network: { arch: 'tresnet_m' } }, 'a test');
    expect(sizesOf(config, [40, 40])).toBeUndefined();
    expect(sizesOf(tresnet, [224, 224])).toEqual({ step: 32 });
    expect(sizesOf(segmentation(), [224, 320])).toEqual({ from: 64, to: 672 });
    expect(sizesOf(segmentation({ output_stride: 16, pooling_size: [40, 50] }), [48, 320])).toEqual({
      from: 48,
      to: 640,
    });
  });

  it('are not guessed if the example is larger or the dilation is configured', () => {
    expect(sizesOf(segmentation(), [224, 700])).toBeUndefined();
    expect(sizesOf(segmentation({}, { dilation: [1, 1, 2, 4] }), [224, 224])).toBeUndefined();
  });

  it('are described', () => {
    expect(describeSizes({ from: 64, to: 672 })).toBe(
      'the model takes heights and widths from 64 to 672; other sizes need another export',
    );
    expect(describeSizes({ step: 32 })).toMatch(/widths that differ from the example's by multiples of 32; /);
  });
});

describe('export', () => {
  it('writes an ONNX model of a checkpoint, with its classes and preprocessing', async () => {
    const out = join(folder, 'net.onnx');
    const done = await exportCheckpoint({ checkpoint, out, withPreprocessing: true, dynamic: ['batch'] });
    expect(done).toMatchObject({
      files: [out],
      signals: ['input uint8 batch×40×40×3', 'output float32 batch×3'],
    });
    const session = await InferenceSession.create(out, { intraOpNumThreads: 1 });
    const images = new Tensor('uint8', new Uint8Array(2 * 40 * 40 * 3).fill(7), [2, 40, 40, 3]);
    const { output } = await session.run({ input: images });
    expect(output?.dims).toEqual([2, 3]);
  });

  it('names every output in the model, as predict does', async () => {
    const [out, names] = [join(folder, 'two.onnx'), join(folder, 'two.txt')];
    writeFileSync(names, 'a\nb\n');
    await exportCheckpoint({ checkpoint, out, classes: names });
    expect(readFileSync(out, 'utf8')).toContain('["a","b","output 2"]');
  });

  it('writes weights that torchvision loads strictly, with ordinary batch norm', async () => {
    const out = join(folder, 'net.pth');
    const done = await exportCheckpoint({ checkpoint, out });
    expect(done.notes.at(-1)).toContain("trained with leaky_relu 0.01, torchvision's has relu");
    const timm = await exportCheckpoint({ checkpoint, out, names: 'timm' });
    expect(timm.notes.at(-1)).toContain("timm's has relu");
    const { tensors } = await readStateDict(out);
    expect(tensors.size).toBe(network.namedStates().length);
    const gamma = tensors.get('layer1.0.bn1.weight')?.data as Float32Array;
    const ours = state.get('mod2.block1.convs.bn1.weight')?.data as Float32Array;
    expect(gamma).toEqual(ours.map((scale) => Math.abs(scale) + Math.fround(1e-5)));
  });

  it.each([
    ['no checkpoint', ['x.safetensors', 'x.onnx'], 'there is no checkpoint x.safetensors'],
    ['a file that is not a checkpoint', [join(folder, 'no.pth'), join(folder, 'x.onnx')], 'no.pth'],
    ['a checkpoint without a network description', [bare, join(folder, 'x.onnx')], 'with --config FILE'],
    [
      'an axis that cannot be dynamic',
      [checkpoint, join(folder, 'x.onnx'), '--dynamic', 'depth'],
      'Expected some of batch,height,width',
    ],
    [
      'too many classes',
      [checkpoint, join(folder, 'x.onnx'), '--classes', join(folder, 'four.txt')],
      '4 classes',
    ],
    ['the checkpoint itself', [checkpoint, checkpoint], 'it is the file that is read; name another'],
    ['no known format', [checkpoint, join(folder, 'x.pb')], 'end it in .onnx, .pth, .pt or .safetensors'],
    [
      'options of ONNX for a state dictionary',
      [checkpoint, join(folder, 'x.pth'), '--fold'],
      'leave out --fold',
    ],
    [
      'sizes of a fixed model',
      [checkpoint, join(folder, 'x.onnx'), '--sizes', '32-64'],
      '--sizes needs --dynamic',
    ],
  ])('refuses %s in one sentence', async (_, args, message) => {
    writeFileSync(join(folder, 'no.pth'), 'no checkpoint');
    writeFileSync(join(folder, 'four.txt'), 'a\nb\nc\nd\n');
    const { code, text } = await refusal(...args);
    expect(code).toBeGreaterThan(0);
    if (text) {
      expect(text).toContain(message);
      expect(text.trim().split('\n')).toHaveLength(1);
    }
  });
});
