import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TensorMap, writeStateDict } from '@inplace-abn/checkpoint';
import { cpu, type HostTensor } from '@inplace-abn/core';
import { readPhotograph, resizeNearest } from '@inplace-abn/data';
import { decode } from 'fast-png';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../train/test/support/images.js';
import {
  initialStateOf,
  networkOf,
  plainClasses,
  Segmenter,
  segmentationNetworkOf,
} from '../../../src/index.js';
import type { SegmentOptions } from '../../../src/segmenting/folder/segment-photographs.js';
import { CLASSES, segmentationConfigOf } from '../../support/label-maps.js';
import {
  config,
  FILES,
  MAX_SIDE,
  makeScene,
  nameOf,
  PHOTOGRAPHS,
  photo,
  segmentScene,
  weights,
} from '../../support/photographs.js';
import { weightsOf } from '../../support/snapshots.js';

let photos: string;
let snapshot: string;
beforeAll(async () => {
  ({ photos, snapshot } = await makeScene());
});

const segmented = (options?: Partial<SegmentOptions>) => segmentScene({ photos, snapshot }, options);

const pngAt = async (...path: string[]) => decode(await readFile(join(...path)), { checkCrc: true });

/** Bytes of the weights, and of an arena that fits every photograph. */
function bytesNeeded(maxSide: number) {
  const { mean, std } = config.input;
  const segmenter = new Segmenter({ device: cpu(), network: segmentationNetworkOf(config), mean, std });
  const plans = segmenter.plansFor({ width: maxSide, height: maxSide });
  return { weights: segmenter.weightBytes, arena: Math.max(...plans.map(({ arenaBytes }) => arenaBytes)) };
}

/** Expected classes and probabilities · 255 of a photograph, at its own size. */
async function expected(file: string, maxSide = MAX_SIDE) {
  const { mean, std } = config.input;
  const segmenter = new Segmenter({ device: cpu(), network: segmentationNetworkOf(config), mean, std });
  segmenter.load(weights);
  const { original, ...photograph } = await readPhotograph(join(photos, file), { maxSide });
  const { label, probability } = await segmenter.segment(photograph);
  const inOriginal = (map: Uint8Array) => [...resizeNearest(map, photograph, original)];
  return {
    label: inOriginal(label),
    probability: inOriginal(Uint8Array.from(probability, (p) => Math.floor(255 * p))),
  };
}

describe('a segmented folder', () => {
  it('has the class ids of every photograph as a gray PNG of its own size', async () => {
    const { failed, stopped, scores, outDir, text } = await segmented();
    expect({ failed, stopped, scores }).toEqual({ failed: 0, stopped: null, scores: null });
    const written = ['a tram.png', 'b.png', 'c.png', 'd.png', 'gallery', 'index.html'];
    expect((await readdir(outDir)).sort()).toEqual(written);
    const seen = new Set<number>();
    for (const [file, [width, height]] of Object.entries(PHOTOGRAPHS)) {
      const png = await pngAt(outDir, `${nameOf(file)}.png`);
      expect(png).toMatchObject({ width, height, channels: 1, depth: 8 });
      expect(png.palette).toBeUndefined();
      expect([...png.data]).toEqual((await expected(file)).label);
      for (const id of png.data) seen.add(id);
    }
    expect(seen.size).toBeGreaterThan(1);
    expect(text).toContain(`a small network (float32) from ${snapshot} on 4 photographs in ${photos}\n`);
    expect(text).toMatch(/^plan for 48×30: \S+ KiB and \S+ KiB of weights$/m);
    expect(text).toMatch(/^\[1\/4\] a tram\.jpg {2}48×30 {2}\d+\.\d s {2}mean confidence 0\.\d{3}$/m);
    expect(text).toContain(`4 images in ${join(outDir, 'index.html')}\n`);
  });

  it('has the same ids with the class colors in palette mode', async () => {
    const { outDir } = await segmented({ mode: 'palette' });
    for (const file of FILES) {
      const png = await pngAt(outDir, `${nameOf(file)}.png`);
      expect([...png.data]).toEqual((await expected(file)).label);
      expect(png.palette?.slice(0, CLASSES)).toEqual(plainClasses(CLASSES).map(({ color }) => color));
    }
  });

  it('adds probabilities in prob mode, and overlays on request', async () => {
    const { outDir } = await segmented({ mode: 'prob', overlay: true });
    for (const [file, [width, height]] of Object.entries(PHOTOGRAPHS)) {
      const name = nameOf(file);
      const { label, probability } = await expected(file);
      expect([...(await pngAt(outDir, `${name}.png`)).data]).toEqual(label);
      const png = await pngAt(outDir, `${name}_prob.png`);
      expect(png).toMatchObject({ width, height, channels: 1, depth: 8 });
      expect([...png.data]).toEqual(probability);
      expect((await pngAt(outDir, `${name}_overlay.png`)).channels).toBeGreaterThanOrEqual(3);
    }
  });

  it('has a gallery of all photographs', async () => {
    const { outDir } = await segmented({ overlay: true });
    const records = (await readdir(join(outDir, 'gallery'))).filter((file) => file.endsWith('.json'));
    expect(records.sort()).toEqual(FILES.map((file) => `${nameOf(file)}.json`));
    const record = JSON.parse(await readFile(join(outDir, 'gallery', 'a tram.json'), 'utf8'));
    expect(record).toMatchObject({
      file: 'a tram.jpg',
      width: 48,
      height: 30,
      outputs: ['prediction', 'overlay'],
    });
    const page = await readFile(join(outDir, 'index.html'), 'utf8');
    for (const file of FILES) expect(page).toContain(`<h3>${file}</h3>`);
    expect(page).toContain('a small network');
  });

  it('is the same within a memory budget', async () => {
    const maxSide = 160;
    const { weights: own, arena } = bytesNeeded(maxSide);
    const { outDir, text } = await segmented({ maxSide, memoryBudget: own + Math.floor(0.5 * arena) });
    expect(text).toContain(', parts of the network in strips of rows');
    for (const file of FILES) {
      expect([...(await pngAt(outDir, `${nameOf(file)}.png`)).data]).toEqual(
        (await expected(file, maxSide)).label,
      );
    }
  });
});

it('segments photographs from several folders, named after their files', async () => {
  const other = join(photos, '../zoo/e.png');
  await mkdir(join(photos, '../zoo'));
  await writeFile(other, await photo('e.png', [20, 12]));
  const paths = [join(photos, 'd.png'), other];
  const { outDir, text } = await segmented({ photographs: paths });
  expect((await readdir(outDir)).sort()).toEqual(['d.png', 'e.png', 'gallery', 'index.html']);
  expect([...(await pngAt(outDir, 'd.png')).data]).toEqual((await expected('d.png')).label);
  expect(text).toContain(` on 2 photographs\n`);
  expect(text).toContain(`[2/2] ${other}  `);
  await expect(segmented({ photographs: [...paths, join(photos, '../d.png')] })).rejects.toThrow(
    /d\.png would both be written to .*d\.png: rename one of them$/,
  );
});

describe('a folder with an unusable file', () => {
  async function broken(): Promise<string> {
    const folder = join(await temporaryFolder(), 'broken');
    await mkdir(folder);
    for (const file of FILES) await writeFile(join(folder, file), await readFile(join(photos, file)));
    const torn = (await readFile(join(photos, 'c.JPEG'))).subarray(0, 20);
    await writeFile(join(folder, 'bb.jpg'), torn);
    return folder;
  }

  it('gets all outputs of the other files, and the file is named', async () => {
    const inDir = await broken();
    const { failed, outDir, text } = await segmented({ photographs: inDir });
    expect(failed).toBe(1);
    expect(text).toContain(`[3/5] bb.jpg  error: Cannot read the image ${join(inDir, 'bb.jpg')}: `);
    expect((await readdir(outDir)).filter((file) => file.endsWith('.png'))).toHaveLength(FILES.length);
    expect(text).toContain('4 images in ');
  });

  it('continues after an image that does not fit the budget', async () => {
    const { failed, text } = await segmented({ memoryBudget: bytesNeeded(MAX_SIDE).weights + 1000 });
    expect(failed).toBe(FILES.length);
    expect(text).toMatch(/^\[1\/4\] a tram\.jpg {2}error: an image of 48×30 at 48×30: the plan needs /m);
  });

  it('segments only unfinished photographs when resumed', async () => {
    const { outDir } = await segmented();
    const times = async () =>
      Promise.all(FILES.map(async (f) => (await stat(join(outDir, `${nameOf(f)}.png`))).mtimeMs));
    const before = await times();
    await rm(join(outDir, 'gallery', 'b.json'));
    const { text, failed } = await segmented({ outDir, resume: true });
    expect(failed).toBe(0);
    expect(text).toContain(` on 4 photographs in ${photos}, 3 finished before\n`);
    expect(text.match(/^\[\d\/\d\] .*$/gm)).toEqual([expect.stringMatching(/^\[1\/1\] b\.PNG {2}27×48 {2}/)]);
    const after = await times();
    expect(after.map((time, i) => time === before[i])).toEqual([true, false, true, true]);
    const again = await segmented({ outDir, resume: true });
    expect(again.text).toContain('4 images in ');
    expect(again.text).not.toMatch(/^\[/m);
  });

  it('is divided between processes, each file to one of them', async () => {
    const outDir = join(await temporaryFolder(), 'shared');
    const texts: string[] = [];
    for (const index of [0, 1]) texts.push((await segmented({ outDir, shard: { index, count: 2 } })).text);
    const taken = texts.map((text) => [...text.matchAll(/^\[\d\/2\] (.*?) {2}/gm)].map(([, file]) => file));
    expect(taken.flat().sort()).toEqual(FILES);
    expect(taken.map((files) => files.length)).toEqual([2, 2]);
    expect(texts[0]).toContain(', 2 of them for process 0 of 2\n');
    expect(texts[1]).toContain('4 images in ');
  });
});

describe('before the first image', () => {
  it('rejects an output folder that cannot be written', async () => {
    const file = join(await temporaryFolder(), 'file');
    await writeFile(file, '');
    await expect(segmented({ outDir: file })).rejects.toThrow(`cannot write to the output folder ${file}: `);
    await expect(segmented({ outDir: join(file, 'out') })).rejects.toThrow(
      'cannot write to the output folder ',
    );
  });

  it('rejects a folder without images', async () => {
    const inDir = await temporaryFolder();
    await writeFile(join(inDir, 'notes.txt'), 'nothing');
    await expect(segmented({ photographs: inDir })).rejects.toThrow(
      `No images in ${inDir}: expected jpg, png, webp, avif, tiff, gif or bmp files directly in it.`,
    );
  });

  it('rejects photographs whose outputs would have the same name', async () => {
    const inDir = join(await temporaryFolder(), 'twins');
    await mkdir(inDir);
    for (const file of ['a.jpg', 'a.png']) await writeFile(join(inDir, file), await photo(file, [8, 8]));
    await expect(segmented({ photographs: inDir })).rejects.toThrow(
      /would both be written to .*a\.png: rename one of them/,
    );
    // An output among the photographs would be an input of the next run.
    await expect(segmented({ photographs: photos, outDir: photos })).rejects.toThrow(
      `would be written over the input ${join(photos, 'd.png')}: choose another output folder`,
    );
  });

  async function snapshotOf(tensors: ReadonlyMap<string, HostTensor>): Promise<string> {
    const path = join(await temporaryFolder(), 'other.pth');
    await writeStateDict(path, tensors as TensorMap);
    return path;
  }

  it('rejects a snapshot of a classification network in one sentence', async () => {
    const path = await snapshotOf(initialStateOf(networkOf(config.network), config.network, 1));
    await expect(segmented({ snapshot: path })).rejects.toThrow(
      new RegExp(
        `^the snapshot ${path} holds a classification network: expected one with the parts body, head and cls$`,
      ),
    );
  });

  it('rejects a snapshot for another number of classes, and says for how many it is', async () => {
    const other = segmentationConfigOf({ network: { classes: 9 } });
    const path = await snapshotOf(weightsOf(other, 1));
    await expect(segmented({ snapshot: path })).rejects.toThrow(
      `the snapshot ${path} is for 9 classes but the network has ${CLASSES}: `,
    );
  });

  it('rejects a snapshot of another body', async () => {
    const other = segmentationConfigOf({ network: { arch: 'resnet34' } });
    const path = await snapshotOf(weightsOf(other, 1));
    await expect(segmented({ snapshot: path })).rejects.toThrow(path);
  });

  it('rejects a missing snapshot', async () => {
    const path = join(photos, 'none.pth');
    await expect(segmented({ snapshot: path })).rejects.toThrow(`there is no snapshot ${path}: `);
  });

  it('accepts a snapshot as a flat dictionary', async () => {
    const [nested, flat] = [await segmented(), await segmented({ snapshot: await snapshotOf(weights) })];
    for (const file of FILES) {
      const name = `${nameOf(file)}.png`;
      expect(await readFile(join(flat.outDir, name))).toEqual(await readFile(join(nested.outDir, name)));
    }
  });
});
