/** Labels with which a segmented folder is compared. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readLabelMap } from '@inplace-abn/data';
import { encode } from 'fast-png';
import { beforeAll, describe, expect, it } from 'vitest';
import { integers } from '../../../../core/test/support/prng.js';
import { temporaryFolder } from '../../../../train/test/support/images.js';
import type { SegmentOptions } from '../../../src/segmenting/folder/segment-photographs.js';
import { CLASSES } from '../../support/label-maps.js';
import { FILES, makeScene, nameOf, PHOTOGRAPHS, segmentScene } from '../../support/photographs.js';

let photos: string;
let snapshot: string;
beforeAll(async () => {
  ({ photos, snapshot } = await makeScene());
});

const segmented = (options?: Partial<SegmentOptions>) => segmentScene({ photos, snapshot }, options);

describe('labels', () => {
  let labels: string;
  beforeAll(async () => {
    labels = join(await temporaryFolder(), 'labels');
    await mkdir(labels);
    for (const file of ['a tram.jpg', 'b.PNG'] as const) {
      const [width, height] = PHOTOGRAPHS[file] ?? [0, 0];
      const drawn = integers(file, [width * height], CLASSES + 1);
      // Pixels without a class do not count.
      const data = Uint8Array.from(drawn, (id) => (id === CLASSES ? 255 : id));
      await writeFile(
        join(labels, `${nameOf(file)}.png`),
        encode({ width, height, channels: 1, depth: 8, data }),
      );
    }
  });

  it('of photographs give a table and labels.json', async () => {
    const { outDir, text, failed, scores } = await segmented({ labels });
    expect({ failed, images: scores?.images }).toEqual({ failed: 0, images: 2 });
    expect(text).toContain(
      `compared with the labels in ${labels}: 2 images, 2 without a label or a prediction\n`,
    );
    const counts = Array.from({ length: CLASSES }, () => ({ hit: 0, label: 0, guess: 0 }));
    for (const name of ['a tram', 'b']) {
      const [label, guess] = [
        await readLabelMap(join(labels, `${name}.png`)),
        await readLabelMap(join(outDir, `${name}.png`)),
      ];
      label.data.forEach((id, i) => {
        const [own, other] = [counts[id], counts[guess.data[i] ?? 255]];
        if (!own || !other) return;
        own.label++;
        other.guess++;
        if (own === other) own.hit++;
      });
    }
    const result = JSON.parse(await readFile(join(outDir, 'labels.json'), 'utf8'));
    expect(result).toEqual(scores?.result);
    const sum = (key: 'hit' | 'label') => counts.reduce((total, each) => total + each[key], 0);
    expect(result.pixels).toBe(sum('label'));
    expect(result.pixelAccuracy).toBeCloseTo((100 * sum('hit')) / sum('label'), 9);
    const ious = counts.map(({ hit, label, guess }) => (100 * hit) / (label + guess - hit));
    result.classes.forEach(({ iou }: { iou: number }, id: number) => {
      expect(iou).toBeCloseTo(ious[id] ?? Number.NaN, 9);
      expect(text).toMatch(new RegExp(`^class ${id} +${iou.toFixed(2)} % +\\d+$`, 'm'));
    });
    expect(text).toMatch(new RegExp(`^mean IoU +${result.meanIou.toFixed(2)} % +${result.pixels}$`, 'm'));
    const record = JSON.parse(await readFile(join(outDir, 'gallery', 'b.json'), 'utf8'));
    expect(record.scores.pixelAccuracy).toBeGreaterThan(0);
    expect(await readFile(join(outDir, 'gallery', 'c.json'), 'utf8')).not.toContain('"scores"');
  });

  it('also score predictions of another process or an earlier run', async () => {
    const outDir = join(await temporaryFolder(), 'shared');
    await segmented({ outDir, labels, shard: { index: 0, count: 2 } });
    const { scores } = await segmented({ outDir, labels, shard: { index: 1, count: 2 } });
    expect(scores?.images).toBe(2);
    const resumed = await segmented({ outDir, labels, resume: true });
    expect(resumed.scores).toEqual(scores);
  });

  it('of another size are named once, and the others are scored', async () => {
    const folder = join(await temporaryFolder(), 'labels');
    await mkdir(folder);
    await writeFile(join(folder, 'b.png'), await readFile(join(labels, 'b.png')));
    await writeFile(join(folder, 'c.png'), await readFile(join(labels, 'b.png')));
    const { failed, scores, text, outDir } = await segmented({ labels: folder });
    const reason = `The label ${join(folder, 'c.png')} has 30×52 pixels, its photograph c.JPEG 48×48: they must have the same size.`;
    expect(text.split(reason).length - 1).toBe(1);
    expect({ failed, images: scores?.images }).toEqual({ failed: 1, images: 1 });
    // The segmentation itself succeeded.
    expect(existsSync(join(outDir, 'c.png'))).toBe(true);
  });

  it('use the suffixes and the ignored id of the labeling', async () => {
    const folder = join(await temporaryFolder(), 'labels');
    await mkdir(folder);
    await writeFile(join(folder, 'b_ids.PNG'), await readFile(join(labels, 'b.png')));
    const labeling = { ignoreIndex: 0, labelSuffix: '_ids' };
    const { failed, scores, outDir } = await segmented({ labels: folder, labeling });
    expect({ failed, images: scores?.images }).toEqual({ failed: 0, images: 1 });
    const [label, guess] = [
      await readLabelMap(join(labels, 'b.png')),
      await readLabelMap(join(outDir, 'b.png')),
    ];
    const counted = [...label.data.entries()].filter(([, id]) => id !== 0 && id !== 255);
    const hits = counted.filter(([i, id]) => guess.data[i] === id).length;
    expect(scores?.result.pixels).toBe(counted.length);
    expect(scores?.result.classes[0]?.pixels).toBe(0);
    expect(scores?.result.pixelAccuracy).toBeCloseTo((100 * hits) / counted.length, 9);
    // Photographs without the suffix have no label.
    const suffixed = { ...labeling, imageSuffix: '_photo' };
    expect((await segmented({ labels: folder, labeling: suffixed })).scores?.missing).toEqual(FILES);
  });

  it('with an id that is not a class are refused, as in training', async () => {
    const folder = join(await temporaryFolder(), 'labels');
    await mkdir(folder);
    const [width, height] = [30, 52];
    const data = new Uint8Array(width * height).fill(1).fill(CLASSES, 700);
    await writeFile(join(folder, 'b.png'), encode({ width, height, channels: 1, depth: 8, data }));
    const { failed, scores, text } = await segmented({ labels: folder });
    expect({ failed, images: scores?.images }).toEqual({ failed: 1, images: 0 });
    expect(text).toContain(
      `error: The label ${join(folder, 'b.png')} has pixels of class ${CLASSES}, one at x 10, y 23, but network.classes is ${CLASSES}: `,
    );
    const ignored = await segmented({ labels: folder, labeling: { ignoreIndex: CLASSES } });
    expect({ failed: ignored.failed, pixels: ignored.scores?.result.pixels }).toEqual({
      failed: 0,
      pixels: 700,
    });
  });

  it('that are not in a folder are an error before anything else', async () => {
    await expect(segmented({ labels: snapshot })).rejects.toThrow(
      `there is no folder of labels ${snapshot}: expected one with NAME.png for each photograph`,
    );
  });
});
