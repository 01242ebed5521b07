/**
 * The page of examples/browser predicts what our own network predicts: its modules in Node, and the whole
 * page in Chromium, if there is one.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { writeSafetensors } from '@inplace-abn/checkpoint';
import {
  createLoader,
  evalTransform,
  IMAGENET_MEAN,
  IMAGENET_STD,
  sequentialSampler,
} from '@inplace-abn/data';
import { exportOnnx } from '@inplace-abn/interop';
import { createNetwork } from '@inplace-abn/models';
import { InPlaceABN, type NormAct } from '@inplace-abn/nn';
import { Session } from '@inplace-abn/session';
import { decode, encode } from 'fast-png';
import * as ort from 'onnxruntime-web';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromium, HEADLESS } from '../../tools/vitest/chromium.js';
import { openModel } from '../browser/classify.js';
import { serve } from '../browser/serve.mjs';

const CLASSES = ['cat', 'dog', 'bird'];
const [SCALE, CROP, WIDTH, HEIGHT] = [20, 16, 53, 38];
const preparation = { scale: SCALE, crop: CROP, mean: IMAGENET_MEAN, std: IMAGENET_STD };

const folder = mkdtempSync(path.join(tmpdir(), 'browser-'));
const [model, bytesModel, photograph] = ['float.onnx', 'bytes.onnx', 'photo.png'].map((name) =>
  path.join(folder, name),
) as [string, string, string];
// Chromium's processes may still write after it has ended.
afterAll(() => rmSync(folder, { recursive: true, maxRetries: 20, retryDelay: 100 }));

/** Probability of each class, computed by our own loader and network. */
let ours: Record<string, number>;

beforeAll(async () => {
  const data = Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => {
    const [x, y, channel] = [Math.floor(i / 3) % WIDTH, Math.floor(i / 3 / WIDTH), i % 3];
    return 128 + 120 * Math.sin(x / (3 + channel)) * Math.cos(y / 5 + channel);
  });
  await writeFile(photograph, encode({ width: WIDTH, height: HEIGHT, channels: 3, depth: 8, data }));
  const normAct: NormAct = (channels, options) => new InPlaceABN(channels, options);
  const net = createNetwork('resnet18', { normAct, classes: CLASSES.length, stem: 'small', width: 0.25 });
  const session = new Session(net, { input: { shape: [3, CROP, CROP] }, seed: 3 });
  // With fresh weights all classes are about equally probable.
  const state = new Map(session.state);
  const fc = state.get('classifier.fc.weight');
  if (!(fc?.data instanceof Float32Array)) throw new Error('the network has no classifier');
  state.set('classifier.fc.weight', {
    dtype: 'float32',
    shape: fc.shape,
    data: fc.data.map((value) => 20 * value),
  });
  const weights = path.join(folder, 'net.safetensors');
  await writeSafetensors(weights, state);
  await session.load(weights);
  const options = { input: { shape: [3, CROP, CROP] }, metadata: { classes: CLASSES, ...preparation } };
  await exportOnnx({ module: net, state }, model, options);
  await exportOnnx({ module: net, state }, bytesModel, { ...options, preprocessing: preparation });
  ours = softmax((await session.predict(await input())).data);
});

/** The photograph as the loader delivers it to a network. */
async function input(): Promise<Float32Array> {
  const loader = createLoader({
    folder: { length: 1, path: () => photograph, label: () => 0 },
    transform: evalTransform(preparation),
    sampler: sequentialSampler(1),
    batchSize: 1,
    workers: 1,
  });
  for await (const { images, color } of loader.epoch(0)) {
    return Float32Array.from(images, (_, i) => {
      const [pixel, channel] = [i - (i % 3), i % 3];
      const of = (k: number) => (color[4 * channel + k] ?? 0) * ((images[pixel + k] ?? 0) / 255);
      return of(0) + of(1) + of(2) + (color[4 * channel + 3] ?? 0);
    });
  }
  throw new Error('the loader gives nothing');
}

function softmax(logits: Float32Array): Record<string, number> {
  const powers = [...logits].map(Math.exp);
  const sum = powers.reduce((a, b) => a + b);
  return Object.fromEntries(powers.map((power, i) => [CLASSES[i], power / sum]));
}

function expectOurs(guesses: readonly { readonly name: string; readonly probability: number }[]): void {
  expect(guesses.map(({ name }) => name)).toEqual(
    CLASSES.toSorted((a, b) => (ours[b] ?? 0) - (ours[a] ?? 0)),
  );
  // The loader rounds resized pixels at other points of the computation.
  for (const { name, probability } of guesses) expect(probability).toBeCloseTo(ours[name] ?? Number.NaN, 2);
}

describe('examples/browser', () => {
  it('classifies in Node as our network does, from floats and from bytes', async () => {
    ort.env.wasm.numThreads = 1;
    const { data, width, height } = decode(await readFile(photograph));
    const rgba = Uint8Array.from({ length: width * height * 4 }, (_, i) =>
      i % 4 === 3 ? 255 : Number(data[Math.floor(i / 4) * 3 + (i % 4)]),
    );
    for (const file of [model, bytesModel]) {
      const { classes, classify } = await openModel(ort, await readFile(file));
      expect(classes).toEqual(CLASSES);
      expectOurs(await classify({ data: rgba, width, height }));
    }
  });

  const browser = chromium();
  if (browser !== undefined) {
    it('shows the same classes in Chromium', async () => {
      const server = await serve({ 'model.onnx': model, 'photo.png': photograph }, 0);
      try {
        const { port } = server.address() as AddressInfo;
        const page = `http://127.0.0.1:${port}/?model=model.onnx&photograph=photo.png`;
        const flags = [...HEADLESS, '--virtual-time-budget=60000'];
        const profile = `--user-data-dir=${path.join(folder, 'profile')}`;
        const { stdout } = await promisify(execFile)(browser, [...flags, profile, '--dump-dom', page]);
        const rows = stdout.matchAll(/<tr><td>([^<]+)<\/td><td>([\d.]+) %<\/td><\/tr>/g);
        expect(stdout).toContain('The network sees:');
        expectOurs([...rows].map(([, name = '', share]) => ({ name, probability: Number(share) / 100 })));
      } finally {
        server.close();
      }
    });
  }
});
