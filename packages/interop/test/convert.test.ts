/**
 * torchvision and timm files as networks of this project, compared with PyTorch's logits
 * (tools/oracle/make_weights.py).
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  readContent,
  readDescription,
  readStateDict,
  type TensorMap,
  writeStateDict,
} from '@inplace-abn/checkpoint';
import type { Shape } from '@inplace-abn/core';
import { createNetwork } from '@inplace-abn/models';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import {
  type Conversion,
  type ConvertOptions,
  convertWeights,
  namedAs,
  namesIn,
  ordinaryNorms,
  writeConversion,
} from '../src/index.js';
import { drawn, LEAKY, outputOf, relativeError } from './support/networks.js';

interface Case {
  readonly arch: string;
  readonly width: number;
  readonly classes: number;
  readonly logits: Readonly<Record<'relu' | 'leaky_relu' | 'identity', number[]>>;
}

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
const CASES: Readonly<Record<string, Case>> = JSON.parse(readFileSync(fixture('logits.json'), 'utf8'));
const SHAPE: Shape = [2, 3, 64, 64];
const SAVED = fixture('resnet18.pth');

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'convert-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** The weights of a case, under torchvision's names. */
function weightsOf(
  { arch, width, classes }: Omit<Case, 'logits'>,
  signed?: (name: string) => boolean,
): TensorMap {
  const network = createNetwork(arch, { normAct: LEAKY.standard, classes, width });
  const dense = (name: string) => /^mod1\.|\.convs3\./.test(name);
  const weights = drawn(network, {
    names: namesIn('torchvision', network),
    signed: signed ?? (arch.includes('dense') ? dense : undefined),
  });
  return namedAs('torchvision', network, weights) as TensorMap;
}

async function fileOf(weights: TensorMap, name = 'weights.pth'): Promise<string> {
  const path = join(await newFolder(), name);
  await writeStateDict(path, weights);
  return path;
}

const logitsOf = ({ converted }: Conversion) => outputOf(converted.network, SHAPE, converted.tensors);

async function onHost({ converted }: Pick<Conversion, 'converted'>) {
  const read = new Map();
  for (const [name, tensor] of converted.tensors) read.set(name, await readContent(name, tensor));
  return read as Map<string, Awaited<ReturnType<typeof readContent>>>;
}

describe.each(Object.values(CASES))('$arch of torchvision', (each) => {
  const { arch, width, classes, logits } = each;
  const theirs = weightsOf(each);
  let path: string;
  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'convert-'));
    path = join(folder, 'weights.pth');
    await writeStateDict(path, theirs);
    return () => rm(folder, { recursive: true });
  });

  it('is recognized and gives the same logits, with ordinary and in-place layers', async () => {
    for (const [bn, activation] of [
      ['standard', 'relu'],
      ['inplace', 'leaky_relu'],
      ['inplace', 'identity'],
    ] as const) {
      const conversion = await convertWeights(path, { bn, activation });
      expect(conversion.recognized).toMatchObject({
        arch,
        library: 'torchvision',
        options: { width, classes },
      });
      expect(conversion.exact).toBe(activation === 'relu');
      const expected = Float32Array.from(logits[activation]);
      expect(relativeError(await logitsOf(conversion), expected)).toBeLessThan(1e-5);
    }
  });

  it('converts back bit for bit, except for signs', async () => {
    const standard = await convertWeights(path, { bn: 'standard' });
    const same = namedAs('torchvision', standard.converted.network, await onHost(standard));
    expect(bitsOf(same)).toEqual(bitsOf(theirs));
    const { converted } = await convertWeights(path, { activation: 'identity' });
    const ordinary = await ordinaryNorms(converted.network, converted.tensors);
    const back = namedAs(
      'torchvision',
      converted.network,
      await onHost({ converted: { ...converted, tensors: ordinary } }),
    );
    for (const [name, { data }] of theirs) {
      const scale = /(bn\d|downsample\.1|norm\d?)\.weight$/.test(name);
      const found = magnitudes(back.get(name)?.data);
      expect(furthest(found, magnitudes(data)), name).toBeLessThanOrEqual(scale ? 1e-6 : 0);
    }
  });
});

/** The bits of tensors by name: deep equality of numbers is a hundred times slower. */
function bitsOf(tensors: TensorMap) {
  return new Map(
    Array.from(tensors, ([name, { dtype, shape, data }]) => {
      const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
      return [name, { dtype, shape, bits: createHash('sha256').update(bytes).digest('hex') }];
    }),
  );
}

function furthest(found: readonly number[], expected: readonly number[]): number {
  expect(found.length).toBe(expected.length);
  return found.reduce((most, value, i) => {
    const off = Math.abs(value - (expected[i] ?? Number.NaN));
    return Number.isNaN(most) || off <= most ? most : off;
  }, 0);
}

function magnitudes(data: ArrayLike<number | bigint> | undefined): number[] {
  return Array.from(data ?? [], (value) => Math.abs(Number(value)));
}

describe('a PyTorch file', () => {
  it('is reported with the recognized network and the changes made', async () => {
    const { took, notes, exact, description } = await convertWeights(SAVED);
    expect(took).toBe("torchvision's resnet18 of 0.0313 times the width for 7 classes");
    expect(exact).toBe(false);
    expect(notes.slice(1)).toEqual([
      expect.stringMatching(
        /20 layers take \|γ\| − ε as their scale; negative signs of \d+ move into the filters/,
      ),
      'the weights were trained with relu, and leaky_relu 0.01 approximates it: outputs differ until the network is trained a little more',
    ]);
    expect(description).toMatchObject({
      arch: 'resnet18',
      bn_mode: 'inplace',
      preprocessing: { scale: 256, crop: 224 },
      config: {
        task: 'classification',
        network: { activation: 'leaky_relu', bn_mode: 'inplace', width: 1 / 32 },
      },
    });
  });

  it('can be read from another key, such as its averaged weights', async () => {
    const [plain, average] = await Promise.all([
      convertWeights(SAVED, { bn: 'standard' }),
      convertWeights(SAVED, { bn: 'standard', key: 'state_dict_ema' }),
    ]);
    const [first, second] = [await onHost(plain), await onHost(average)];
    const [whole, half] = [first, second].map((read) => magnitudes(read.get('mod1.conv1.weight')?.data));
    const expected = whole?.map((value) => value / 2) ?? [];
    expect(furthest(half ?? [], expected)).toBeLessThan(1e-3);
    await expect(convertWeights(SAVED, { key: 'ema' })).rejects.toThrow(
      /has nothing under "ema": dictionaries are under state_dict, state_dict_ema\.$/,
    );
  });
});

describe('a converted file', () => {
  it.each(['out.safetensors', 'out.pth.tar', 'out.pth'])(
    '%s says what it is and converts back',
    async (name) => {
      const conversion = await convertWeights(SAVED, { activation: 'identity' });
      const path = join(await newFolder(), name);
      await writeConversion(path, conversion);
      const { tensors, rest } = await readStateDict(path);
      expect([rest.get('arch'), rest.get('bn_mode')]).toEqual(['resnet18', 'inplace']);
      expect(tensors).toEqual(await onHost(conversion));
      expect(await readDescription(path)).toMatchObject({
        preprocessing: { crop: 224 },
        config: { network: { bn_mode: 'inplace' } },
      });
      const again = await convertWeights(path, { bn: 'standard' });
      expect(again.took).toMatch(/^upstream's resnet18 of/);
      expect(again.exact).toBe(true);
      const expected = await logitsOf(conversion);
      expect(relativeError(await logitsOf(again), expected)).toBeLessThan(1e-6);
    },
  );

  it('is not written to a name without a known extension', async () => {
    await expect(writeConversion('out.bin', await convertWeights(SAVED))).rejects.toThrow(
      /must end in \.pth\.tar/,
    );
  });
});

describe('convertWeights refuses', () => {
  const resnet18 = () => weightsOf({ arch: 'resnet18', width: 1 / 16, classes: 7 });
  const refusal = (weights: TensorMap, options: ConvertOptions = {}) =>
    fileOf(weights).then((path) =>
      convertWeights(path, options).then(
        () => 'converted',
        (error: Error) => error.message.replace(path, 'FILE'),
      ),
    );

  it('an architecture other than the named one', async () => {
    expect(await refusal(resnet18(), { arch: 'resnet34' })).toBe(
      "FILE holds 122 of the 218 tensors of torchvision's resnet34 of 0.0625 times the width for 7 classes: the first that is missing is layer1.2.conv1.weight",
    );
    expect(await refusal(resnet18(), { arch: 'resnet19' })).toMatch(
      /^there is no architecture resnet19: expected one of/,
    );
    expect(await refusal(resnet18(), { from: 'upstream' })).toMatch(
      /is of no network that is known here: its tensors are named conv1\.weight, bn1\./,
    );
  });

  it('half a state dict', async () => {
    const half = new Map([...resnet18()].filter(([name]) => !/^layer[34]/.test(name)));
    expect(await refusal(half)).toMatch(
      /^FILE holds 62 of the 122 tensors of torchvision's resnet18 .*: the first that is missing is layer3\.0\.conv1\.weight$/,
    );
  });

  it('a layer of another shape, or under another name', async () => {
    const weights = new Map(resnet18());
    weights.set('layer2.0.conv2.weight', {
      dtype: 'float32',
      shape: [8, 8, 1, 1],
      data: new Float32Array(64),
    });
    expect(await refusal(weights)).toMatch(
      /differs from it first in layer2\.0\.conv2\.weight, which is \[8, 8, 1, 1\] and would be \[8, 8, 3, 3\]$/,
    );
    expect(
      await refusal(
        new Map([
          ...resnet18(),
          ['layer4.1.attention.weight', { dtype: 'float32', shape: [1], data: new Float32Array(1) }],
        ]),
      ),
    ).toMatch(/has more, first layer4\.1\.attention\.weight$/);
  });

  it.each([
    ['classifier.0.convs.0.0.weight', /torchvision's DeepLabV3, whose classifier\.1 is a 3×3 convolution/],
    ['conv1.3.weight', /three convolutions in its stem/],
    ['layer1.0.se.fc1.weight', /squeeze-and-excitation/],
  ])('a network that computes differently, recognized by %s', async (name, reason) => {
    const weight = { dtype: 'float32', shape: [1], data: new Float32Array(1) } as const;
    expect(await refusal(new Map([...resnet18(), [name, weight]]))).toMatch(reason);
  });

  it('negative scales after a concatenation for in-place layers', async () => {
    const each = { arch: 'tv_densenet121', width: 1 / 8, classes: 7 };
    const weights = weightsOf(each, () => true);
    expect(await refusal(weights)).toMatch(
      /and mod2\.convs1\.0\.bn reads .* keep ordinary batch norm for these weights$/,
    );
    expect(await refusal(weights, { bn: 'standard' })).toBe('converted');
  });

  it('weights that are not finite, by tensor and count', async () => {
    const weights = new Map(resnet18());
    for (const [name, value] of [
      ['layer1.0.bn1.weight', Number.NaN],
      ['fc.bias', Number.POSITIVE_INFINITY],
    ] as const) {
      const tensor = weights.get(name);
      if (!(tensor?.data instanceof Float32Array)) throw new Error(name);
      weights.set(name, { ...tensor, data: tensor.data.map((old, i) => (i < 3 ? value : old)) });
    }
    for (const bn of ['inplace', 'standard'] as const) {
      expect(await refusal(weights, { bn })).toBe(
        'FILE holds NaN or infinity: 3 of 4 in layer1.0.bn1.weight, and in 1 more tensors; take a checkpoint from before they appeared',
      );
    }
  });

  it('relu for in-place layers', async () => {
    expect(await refusal(resnet18(), { activation: 'relu' })).toMatch(
      /^in-place batch norm cannot have relu, which has no inverse/,
    );
  });
});

it("gives the logits of timm's TResNet, which takes unnormalized colors", async () => {
  // In both, slopes are 0.01 in the stem and 0.001 in the blocks.
  const network = createNetwork('tresnet_m', { normAct: LEAKY.standard, classes: 5, width: 1 / 16 });
  const weights = drawn(network);
  const path = await fileOf(namedAs('timm', network, weights) as TensorMap);
  const { converted, took, exact, description } = await convertWeights(path);
  expect(took).toBe("timm's tresnet_m of 0.0625 times the width for 5 classes");
  expect(exact).toBe(true);
  expect(description).toMatchObject({
    bn_mode: 'inplace',
    preprocessing: { mean: [0, 0, 0], std: [1, 1, 1] },
  });
  const expected = await outputOf(network, SHAPE, weights);
  expect(relativeError(await outputOf(converted.network, SHAPE, converted.tensors), expected)).toBeLessThan(
    1e-5,
  );
});

it('reads batch counts that were cast to float16 with the weights', async () => {
  const weights = new Map(weightsOf({ arch: 'resnet18', width: 1 / 16, classes: 7 }));
  for (const name of weights.keys()) {
    // 7 and infinity in float16.
    const half = Uint16Array.of(name.startsWith('layer4') ? 0x7c00 : 0x4700);
    if (name.endsWith('num_batches_tracked')) weights.set(name, { dtype: 'float16', shape: [], data: half });
  }
  const read = await onHost(await convertWeights(await fileOf(weights)));
  const counts = [...read].filter(([name]) => name.endsWith('num_batches_tracked'));
  expect(counts.length).toBe(20);
  for (const [name, tensor] of counts) {
    expect(tensor).toEqual({
      dtype: 'int64',
      shape: [],
      data: BigInt64Array.of(name.startsWith('mod5') ? 0n : 7n),
    });
  }
});

it('reads names with a prefix, and a network without a classifier', async () => {
  const weights = [...weightsOf({ arch: 'resnet18', width: 1 / 16, classes: 7 })];
  const body = new Map(
    weights
      .filter(([name]) => !name.startsWith('fc.'))
      .map(([name, tensor]) => [`backbone.net.${name}`, tensor]),
  );
  const { took, recognized } = await convertWeights(await fileOf(body), { bn: 'standard' });
  expect(took).toMatch(/without a classifier$/);
  expect(recognized.prefix).toBe('backbone.net.');
});
