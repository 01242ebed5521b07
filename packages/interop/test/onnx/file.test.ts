import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNetwork } from '@inplace-abn/models';
import { ABN, Conv2d, InPlaceABN, Sequential } from '@inplace-abn/nn';
import { Tensor } from 'onnxruntime-node';
import { afterAll, describe, expect, it } from 'vitest';
import { encodeOnnx, exportOnnx, onnxModel } from '../../src/index.js';
import {
  channelsLast,
  computedHere,
  computedThere,
  differences,
  drawn,
  images,
  loaded,
} from '../support/agreement.js';
import { decoded, problems } from '../support/checker.js';
import { relativeError } from '../support/networks.js';

const normAct = (channels: number, options?: object) => new InPlaceABN(channels, options);
const folder = mkdtempSync(join(tmpdir(), 'onnx-'));
afterAll(() => rmSync(folder, { recursive: true }));

function resnet() {
  return drawn(createNetwork('resnet18', { normAct, classes: 5, width: 0.125, stem: 'small' }));
}

const SHAPE = [2, 3, 20, 24];

describe('a model', () => {
  it('follows the rules of the ONNX checker', () => {
    const model = onnxModel(resnet(), { input: { shape: [3, 20, 24] }, dynamic: ['batch', 'height'] });
    const file = decoded(encodeOnnx(model));
    expect(problems(file)).toEqual([]);
    const dims = file.graph.input[0]?.type.tensorType.shape.dim;
    expect(dims?.map(({ dimValue, dimParam }) => dimParam || dimValue)).toEqual(['batch', 3, 'height', 24]);
    expect(model.outputs).toEqual([{ name: 'output', dtype: 'float32', shape: ['batch', 5] }]);
  });

  it('has |γ| + ε as the scale of an in-place layer and γ as that of an ordinary one', () => {
    for (const Layer of [InPlaceABN, ABN]) {
      const network = drawn(new Sequential({ conv: new Conv2d(3, 4, 1), bn: new Layer(4) }));
      const model = onnxModel(network, { input: { shape: [3, 4, 4] } });
      const norm = model.nodes.find(({ type }) => type === 'BatchNormalization');
      const scale = model.tensors.find(({ name }) => name === norm?.inputs[1]);
      const gamma = network.state.get('bn.weight')?.data as Float32Array;
      const expected = Layer === ABN ? gamma : gamma.map((value) => Math.abs(value) + 1e-5);
      expect(new Float32Array(scale?.bytes.slice().buffer ?? [])).toEqual(expected);
    }
  });

  it('folds normalizations into convolutions and gives the same outputs', async () => {
    const network = resnet();
    const model = onnxModel(network, {
      input: { shape: [3, 20, 24] },
      fold: true,
      dynamic: ['batch', 'height', 'width'],
    });
    expect(model.nodes.filter(({ type }) => type === 'BatchNormalization')).toEqual([]);
    for (const difference of await differences(network, model, [SHAPE, [1, 3, 33, 17]])) {
      expect(difference).toBeLessThan(1e-5);
    }
  });

  it('takes decoded images if it normalizes them', async () => {
    const network = resnet();
    const preprocessing = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
    const model = onnxModel(network, { input: { shape: [3, 20, 24] }, batch: 2, preprocessing });
    expect(model.inputs).toEqual([{ name: 'input', dtype: 'uint8', shape: [2, 20, 24, 3] }]);
    const pixels = Uint8Array.from({ length: 2 * 20 * 24 * 3 }, (_, index) => (index * 37) % 256);
    const session = await loaded(model);
    const { output } = await session.run({ input: new Tensor('uint8', pixels, [2, 20, 24, 3]) });
    const normalized = Float32Array.from(pixels, (value, index) => {
      const [mean = 0, std = 1] = [preprocessing.mean[index % 3], preprocessing.std[index % 3]];
      return (value / 255 - mean) / std;
    });
    const expected = await computedHere(network, rowMajor(normalized), SHAPE);
    expect(relativeError(output?.data as Float32Array, expected.data)).toBeLessThan(1e-5);
  });

  it('records its classes and preprocessing', () => {
    const metadata = {
      classes: ['a', 'b', 'c', 'd', 'é'],
      mean: [0, 0, 0],
      std: [1, 1, 1],
      scale: 256,
      crop: 224,
    };
    const { metadataProps } = decoded(
      encodeOnnx(onnxModel(resnet(), { input: { shape: [3, 20, 24] }, metadata })),
    );
    expect(Object.fromEntries(metadataProps.map(({ key, value }) => [key, JSON.parse(value)]))).toEqual(
      metadata,
    );
  });

  it('stores its weights in a separate file on request', async () => {
    const network = resnet();
    const [inside, outside] = [join(folder, 'one.onnx'), join(folder, 'two.onnx')];
    const input = { shape: [3, 20, 24] };
    expect(await exportOnnx(network, inside, { input, batch: 2 })).toEqual([inside]);
    const files = await exportOnnx(network, outside, { input, batch: 2, externalData: true });
    expect(files).toEqual([outside, `${outside}.data`]);
    expect(problems(decoded(readFileSync(outside)))).toEqual([]);
    expect(statSync(outside).size).toBeLessThan(statSync(inside).size / 4);
    const x = images(SHAPE);
    const [one, two] = await Promise.all(
      [inside, outside].map(async (file) => computedThere(await loaded(file), x, SHAPE)),
    );
    expect(two?.data).toEqual(one?.data);
  });
});

/** Converts N×H×W×3 to N×3×H×W, the layout that the helper takes. */
function rowMajor(data: Float32Array): Float32Array {
  const [n = 1, c = 3, h = 1, w = 1] = SHAPE;
  const places = channelsLast(
    Float32Array.from({ length: data.length }, (_, index) => index),
    [n, c, h, w],
  );
  const moved = new Float32Array(data.length);
  data.forEach((value, index) => {
    moved[places[index] ?? 0] = value;
  });
  return moved;
}
