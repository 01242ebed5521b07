// @ts-check
import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';

/** Photographs of Debian's opencv-doc. */
const SOURCE = '/usr/share/doc/opencv-doc/examples/data';
const SMALLEST_BYTES = 50_000;

/** Whether the photographs are installed. */
export const hasPhotographs = () => existsSync(SOURCE);

/**
 * Creates a temporary image folder of two classes. Every photograph becomes a 500×375 JPEG, the size of an
 * average ImageNet image, repeated until there are `count`. Without photographs it draws pictures instead.
 * Resolves to its path; the caller removes it.
 * @param {number} count
 */
export async function makePhotographFolder(count) {
  const pictures = hasPhotographs() ? photographs() : drawn();
  const jpegs = await Promise.all(
    pictures.map((picture) => picture.resize(500, 375, { fit: 'cover' }).jpeg({ quality: 90 }).toBuffer()),
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

function photographs() {
  return readdirSync(SOURCE)
    .filter((name) => name.endsWith('.jpg'))
    .map((name) => join(SOURCE, name))
    .filter((path) => statSync(path).size >= SMALLEST_BYTES)
    .sort()
    .map((path) => sharp(path));
}

/** Waves of several lengths: about as many bytes as photographs have. */
function drawn() {
  const [width, height] = [500, 375];
  return Array.from({ length: 8 }, (_, image) => {
    const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
      const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
      return 128 + 60 * Math.sin(x / (20 + image)) + 40 * Math.cos((x * y) / 300) + 20 * Math.sin(i * i);
    });
    return sharp(data, { raw: { width, height, channels: 3 } });
  });
}
