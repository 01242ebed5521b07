/** The planned memory of loaders, compared with the memory that they use. */
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { newFolder } from '../../../tools/vitest/new-folder.js';
import {
  createLoader,
  ImageFolder,
  ringBytes,
  sequentialSampler,
  threadBytes,
  trainTransform,
} from '../src/index.js';
import { Ring } from '../src/ring.js';

describe('a ring', () => {
  it.each([
    [{ rows: 5, width: 7, height: 11 }, 3],
    [{ rows: 2, width: 16, height: 8, slots: 4, segmentation: true }, 4],
    [{ rows: 3, width: 4, height: 4, labelSets: 9 }, 3],
  ])('has the planned number of bytes: %j', (shape, slots) => {
    const { segmentation = false, labelSets = 0 } = shape as { segmentation?: boolean; labelSets?: number };
    const ring = new Ring(slots, shape.rows, shape.width * shape.height, segmentation, labelSets);
    const arrays = ring.slots.flatMap(
      ({ images, color, targets, labeled, labels, indices, labelSets: sets }) => {
        return [images, color, targets, labeled, labels, indices, sets];
      },
    );
    expect(arrays.reduce((sum, array) => sum + (array?.byteLength ?? 0), 0)).toBe(ringBytes(shape));
  });
});

/** Peak resident bytes of this process. */
function peak(): number {
  return 1024 * Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
}

/** Bytes that sharp and V8 may allocate in this process meanwhile: fewer than one more copy of the pixels. */
const OTHERS = 32 * 2 ** 20;

describe.runIf(process.platform === 'linux')('a loader thread', () => {
  it.each(['jpg', 'png'])('stays within its memory bound with a large %s', async (type) => {
    const [width, height] = [4000, 3000];
    const root = await newFolder('loader-memory');
    await mkdir(join(root, 'a'));
    const data = Uint8Array.from({ length: width * 3 }, (_, i) => (i * 31) % 251);
    const row = sharp(data, { raw: { width, height: 1, channels: 3 } });
    const rows = await row.resize(width, height, { fit: 'fill' }).toFormat(type === 'jpg' ? 'jpeg' : 'png');
    for (const name of ['1', '2', '3']) await rows.clone().toFile(join(root, 'a', `${name}.${type}`));
    const folder = await ImageFolder.open(root);
    const transform = trainTransform({ crop: 64, area: [0.9, 1] });
    const before = peak();
    const sampler = sequentialSampler(folder.length);
    const loader = createLoader({ folder, transform, sampler, batchSize: 1, workers: 1 });
    for await (const batch of loader.epoch(0)) batch.release();
    const { most } = threadBytes(1, width * height);
    expect(peak() - before).toBeLessThan(most + ringBytes({ rows: 1, width: 64, height: 64 }) + OTHERS);
    expect(most).toBeLessThan(250 * 2 ** 20);
  });
});
