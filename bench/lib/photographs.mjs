// @ts-check
import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';

/** Where Debian's opencv-doc puts its photographs. */
const SOURCE = '/usr/share/doc/opencv-doc/examples/data';
const SMALLEST_BYTES = 50_000;

/** Whether there are photographs to make a folder of. */
export const hasPhotographs = () => existsSync(SOURCE);

/**
 * Makes an image folder of two classes in a new temporary folder: every photograph as a 500×375 JPEG, the size of an
 * average ImageNet image, again and again until there are `count`. Resolves to its path; the caller removes it.
 * @param {number} count
 */
export async function makePhotographFolder(count) {
  const photographs = readdirSync(SOURCE)
    .filter((name) => name.endsWith('.jpg'))
    .map((name) => join(SOURCE, name))
    .filter((path) => statSync(path).size >= SMALLEST_BYTES)
    .sort();
  const jpegs = await Promise.all(
    photographs.map((path) =>
      sharp(path).resize(500, 375, { fit: 'cover' }).jpeg({ quality: 90 }).toBuffer(),
    ),
  );
  const root = await mkdtemp(join(tmpdir(), 'iabn-photographs-'));
  for (const name of ['even', 'odd']) await mkdir(join(root, name));
  await Promise.all(
    Array.from({ length: count }, (_, index) => {
      const file = join(root, index % 2 === 0 ? 'even' : 'odd', `${String(index).padStart(5, '0')}.jpg`);
      return writeFile(file, jpegs[index % jpegs.length] ?? new Uint8Array());
    }),
  );
  return root;
}
