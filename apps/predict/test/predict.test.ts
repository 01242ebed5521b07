/** Whole predictions of a small trained network on the native device. */
import { EventEmitter } from 'node:events';
import { copyFile, cp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readRunMeta, saveRunState } from '@inplace-abn/checkpoint';
import { cpu } from '@inplace-abn/core';
import { ImageFolder } from '@inplace-abn/data';
import { classNames, describedNetwork } from '@inplace-abn/recipes';
import { Progress, StopRequest } from '@inplace-abn/train';
import { beforeAll, describe, expect, it } from 'vitest';
import { configOf, lastState, Output, runTraining } from '../../../packages/recipes/test/support/runs.js';
import { CLASSES, imageFolder, temporaryFolder } from '../../../packages/train/test/support/images.js';
import type { Found } from '../src/images/sources.js';
import { guessesOf, type Result, type Sink } from '../src/output/result.js';
import { type Outcome, type PredictOptions, predictPhotographs } from '../src/predict.js';

let data: string;
let run: string;
let checkpoint: string;
let files: string[];
beforeAll(async () => {
  data = await imageFolder();
  run = join(await temporaryFolder(), 'run');
  await runTraining({ config: configOf({ optimizer: { schedule: { epochs: 1 } } }), data, logDir: run });
  checkpoint = join(run, 'checkpoints');
  const folder = await ImageFolder.open(join(data, 'val'));
  files = Array.from({ length: folder.length }, (_, i) => folder.path(i));
});

class Collected implements Sink {
  readonly results: Result[] = [];
  closed = false;

  constructor(private readonly onAdd: (count: number) => void = () => {}) {}

  async add(result: Result): Promise<void> {
    this.results.push(result);
    this.onAdd(this.results.length);
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  async abandon(): Promise<void> {}
}

/** Signals that only the tests emit. */
class Signals extends EventEmitter {}

interface How extends Partial<PredictOptions> {
  readonly sink?: Collected;
  readonly signals?: Signals;
}

type Predicted = Outcome & { readonly results: Result[]; readonly text: string };

async function predict(
  list: Iterable<Found> | AsyncIterable<Found>,
  { sink = new Collected(), signals = new Signals(), ...options }: How = {},
): Promise<Predicted> {
  const stream = new Output();
  const { config, classes } = await describedNetwork(checkpoint);
  const stop = new StopRequest(() => {}, signals);
  async function* each() {
    yield* list;
  }
  try {
    const outcome = await predictPhotographs({
      device: cpu(),
      config,
      checkpoint,
      photographs: each(),
      batchSize: 4,
      workers: 2,
      crop: config.input.crop_val,
      scale: config.input.scale_val,
      guess: (logits) => guessesOf(logits, 2, (label) => classes[label] ?? ''),
      sinks: async () => [sink],
      progress: new Progress({ stream, printFreq: 1 }),
      shows: true,
      stop,
      ...options,
    });
    expect(sink.closed).toBe(true);
    return { ...outcome, results: sink.results, text: stream.text };
  } finally {
    stop.dispose();
  }
}

const found = (paths: readonly string[]): Found[] => paths.map((path) => ({ path }));

describe('a prediction', () => {
  it('classifies the images in order', async () => {
    const { results, images, failed, text } = await predict(found(files));
    expect({ images, failed }).toEqual({ images: files.length, failed: 0 });
    expect(results.map(({ file }) => file)).toEqual(files);
    const first = results.map((result) => ('guesses' in result ? result.guesses[0]?.name : ''));
    const right = first.filter((name, i) => files[i]?.includes(`/${name}/`)).length;
    expect(right).toBeGreaterThan(files.length / 2);
    expect(text).toMatch(/^predict {2}images 15 {2}/m);
  });

  it('closes every output, even if one fails', async () => {
    const [broken, whole] = [new Collected(), new Collected()];
    broken.close = () => Promise.reject(new Error('no space left'));
    const predicting = predict(found(files), { sinks: async () => [broken, whole] });
    await expect(predicting).rejects.toThrow('no space left');
    expect(whole.closed).toBe(true);
  });

  it('is the same for any batch and chunk size', async () => {
    const whole = await predict(found(files), { batchSize: 64 });
    const parts = await predict(found(files), { batchSize: 3, names: 4 });
    expect(parts.results.map(({ file }) => file)).toEqual(files);
    for (const [i, result] of parts.results.entries()) {
      const other = whole.results[i];
      if (!('guesses' in result) || !other || !('guesses' in other)) return expect.fail(result.file);
      expect(result.guesses.map(({ label }) => label)).toEqual(other.guesses.map(({ label }) => label));
      expect(result.guesses[0]?.probability).toBeCloseTo(other.guesses[0]?.probability ?? 0, 5);
    }
  });

  it('reports unusable files in order, and continues', async () => {
    const bad = join(await temporaryFolder(), 'bad.png');
    await writeFile(bad, 'not an image');
    const [a = '', b = ''] = files;
    const list: Found[] = [{ path: 'x*', reason: 'no such name' }, ...found([a, bad, '/gone.jpg', b])];
    const { results, images, failed, text } = await predict(list);
    expect({ images, failed }).toEqual({ images: 2, failed: 3 });
    expect(results.map(({ file }) => file)).toEqual(['x*', a, bad, '/gone.jpg', b]);
    expect(results.map((result) => 'error' in result)).toEqual([true, false, true, true, false]);
    expect(text).toContain(`error: ${bad}: `);
    expect(text).toContain('error: /gone.jpg: ENOENT');
    const none = await predict(found([bad, a]), { maxPixels: 10 });
    expect(none).toMatchObject({ images: 0, failed: 2 });
    expect(none.text).toContain('raise maxPixels (--max-pixels sets maxPixels)');
  });

  it('requests names as it proceeds, a bounded number ahead', async () => {
    const [names, count] = [8, 100];
    let [told, ahead] = [0, 0];
    async function* many(): AsyncGenerator<Found> {
      for (let asked = 0; asked < count; asked++) {
        ahead = Math.max(ahead, asked - told);
        yield { path: files[asked % files.length] ?? '' };
      }
    }
    const sink = new Collected((results) => {
      told = results;
    });
    expect((await predict(many(), { names, sink })).images).toBe(count);
    expect(ahead).toBeLessThan(names);
  });

  it('returns the pooled output of a layer', async () => {
    const vectors = async (layer: string) => {
      const { results } = await predict(found(files.slice(0, 3)), { layer });
      return results.flatMap((result) => ('vector' in result ? [...result.vector] : []));
    };
    const [pooled, vector] = [await vectors('mod5'), await vectors('classifier.avg_pool')];
    expect(pooled).toHaveLength(3 * 51);
    for (const [i, value] of pooled.entries()) expect(value).toBeCloseTo(vector[i] ?? Number.NaN, 5);
    await expect(vectors('mod9')).rejects.toThrow('the network has no layer mod9');
  });

  it('ends with the current batch after a signal, and keeps its results', async () => {
    const signals = new Signals();
    const sink = new Collected((count) => {
      if (count === 5) signals.emit('SIGINT', 'SIGINT');
    });
    const { results, stopped } = await predict(found(files), { sink, signals });
    expect(stopped).toBe('SIGINT');
    expect(results.map(({ file }) => file)).toEqual(files.slice(0, 8));
  });

  it('needs an image', async () => {
    await expect(predict([])).rejects.toThrow('no images given');
  });
});

describe('the description in a checkpoint', () => {
  it('has the network, the preprocessing and the classes', async () => {
    for (const path of [checkpoint, join(checkpoint, 'best.safetensors'), join(run, 'checkpoint.pth.tar')]) {
      const { config, classes } = await describedNetwork(path);
      expect(classes).toEqual(CLASSES);
      expect(config.network).toMatchObject({ arch: 'resnet18', width: 0.1, stem: 'small' });
      expect(config.input).toMatchObject({ crop_val: 16, scale_val: 18 });
    }
  });

  it("is missing from older files, which use the run's configuration or a given one", async () => {
    const folder = join(await temporaryFolder(), 'older');
    await cp(run, folder, { recursive: true });
    const state = await lastState(run);
    const {
      classes: _,
      preprocessing: __,
      config: ___,
      ...meta
    } = await readRunMeta(join(checkpoint, 'best.safetensors'));
    const path = join(folder, 'checkpoints', 'best.safetensors');
    await saveRunState(path, { ...state, meta });
    expect(await describedNetwork(path)).toMatchObject({ classes: [], config: { network: { width: 0.1 } } });
    const config = join(await temporaryFolder(), 'elsewhere.json');
    await copyFile(join(folder, 'config.json'), config);
    await rm(join(folder, 'config.json'));
    await expect(describedNetwork(path)).rejects.toMatchObject({ code: 'ERR_NO_CONFIG' });
    expect((await describedNetwork(path, config)).config.network.width).toBe(0.1);
  });

  it('names the outputs, unless a file does', async () => {
    const file = join(await temporaryFolder(), 'classes.txt');
    await writeFile(file, 'b\tBlue\ng\n');
    const names = await classNames(3, CLASSES, file, 'x');
    expect([0, 1, 2].map(names)).toEqual(['Blue', 'g', 'output 2']);
    expect((await classNames(3, CLASSES, undefined, 'x'))(2)).toBe('red');
    await expect(classNames(3, [], undefined, 'old.pth')).rejects.toMatchObject({
      code: 'ERR_NO_CLASSES',
      message: 'old.pth does not name its 3 classes: name them in a file',
    });
    await expect(classNames(2, CLASSES, undefined, 'x')).rejects.toThrow(
      'x names 3 classes but the network has 2',
    );
  });
});
