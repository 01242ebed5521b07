import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { decode } from 'fast-png';
import { expect, it, onTestFinished } from 'vitest';
import { CLASSES, prepareFashionMnist } from './prepare.mjs';

const HEIGHT = 3;
const WIDTH = 2;
const LABELS = { train: [0, 9, 9, 4], t10k: [2, 0] };
const pixelsOf = (prefix, i) =>
  Uint8Array.from({ length: HEIGHT * WIDTH }, (_, k) => i * 40 + k + (prefix === 'train' ? 0 : 7));

const words = (...values) => {
  const header = Buffer.alloc(4 * values.length);
  for (const [i, value] of values.entries()) header.writeUInt32BE(value, 4 * i);
  return header;
};

/** IDX files of a few images. */
async function writeSource(folder, labels = LABELS) {
  await mkdir(folder, { recursive: true });
  for (const [prefix, values] of Object.entries(labels)) {
    const images = values.map((_, i) => pixelsOf(prefix, i));
    const imageFile = Buffer.concat([words(0x803, values.length, HEIGHT, WIDTH), ...images]);
    const labelFile = Buffer.concat([words(0x801, values.length), Buffer.from(values)]);
    await writeFile(join(folder, `${prefix}-images-idx3-ubyte.gz`), gzipSync(imageFile));
    await writeFile(join(folder, `${prefix}-labels-idx1-ubyte.gz`), gzipSync(labelFile));
  }
}

async function setUp() {
  const root = await mkdtemp(join(tmpdir(), 'inplace-abn-fashion-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const [source, out] = [join(root, 'source'), join(root, 'out')];
  await writeSource(source);
  const lines = [];
  return { source, out, lines, options: { source, log: (line) => lines.push(line) } };
}

const pngOf = async (...parts) => decode(await readFile(join(...parts)));

it('writes one gray PNG per image into its class folder', async () => {
  const { out, options, lines } = await setUp();
  expect(await prepareFashionMnist(out, options)).toEqual({ outDir: out, images: 6, reused: false });
  expect((await readdir(join(out, 'train'))).sort()).toEqual(CLASSES);
  expect((await readdir(join(out, 'val'))).sort()).toEqual(CLASSES);
  expect((await readdir(join(out, 'train', '9_ankle-boot'))).sort()).toEqual(['00001.png', '00002.png']);
  const boot = await pngOf(out, 'train', '9_ankle-boot', '00002.png');
  expect(boot).toMatchObject({ width: WIDTH, height: HEIGHT, channels: 1, depth: 8 });
  expect([...boot.data]).toEqual([...pixelsOf('train', 2)]);
  expect([...(await pngOf(out, 'val', '2_pullover', '00000.png')).data]).toEqual([...pixelsOf('t10k', 0)]);
  expect(lines).toEqual([
    'Fashion-MNIST: train 4 of 4 images written',
    'Fashion-MNIST: val 2 of 2 images written',
  ]);
});

it('leaves a complete folder alone', async () => {
  const { source, out, options } = await setUp();
  await prepareFashionMnist(out, options);
  const image = join(out, 'train', '0_t-shirt', '00000.png');
  const before = await stat(image);
  await rm(source, { recursive: true });
  expect(await prepareFashionMnist(out, options)).toEqual({ outDir: out, images: 6, reused: true });
  expect((await stat(image)).mtimeMs).toBe(before.mtimeMs);
});

it('starts over after an interruption, replacing partial files', async () => {
  const { source, out, options } = await setUp();
  await rm(join(source, 't10k-labels-idx1-ubyte.gz'));
  await expect(prepareFashionMnist(out, options)).rejects.toThrow('t10k-labels-idx1-ubyte.gz');
  const image = join(out, 'train', '4_coat', '00003.png');
  await writeFile(image, 'torn');
  await writeSource(source);
  expect(await prepareFashionMnist(out, options)).toMatchObject({ images: 6, reused: false });
  expect([...(await pngOf(image)).data]).toEqual([...pixelsOf('train', 3)]);
});

it('explains what is wrong with a source', async () => {
  const { source, out, options } = await setUp();
  await expect(prepareFashionMnist(out, { ...options, source: join(source, 'nowhere') })).rejects.toThrow(
    /No Fashion-MNIST in .*nowhere: install the Debian package dataset-fashion-mnist/,
  );
  await writeSource(source, { train: [0, 10], t10k: [1] });
  await expect(prepareFashionMnist(out, options)).rejects.toThrow(
    'image 1 has the label 10, expected 0 to 9',
  );
  const images = join(source, 'train-images-idx3-ubyte.gz');
  await writeFile(images, gzipSync(Buffer.concat([words(0x803, 2, HEIGHT, WIDTH), Buffer.alloc(11)])));
  await expect(prepareFashionMnist(out, options)).rejects.toThrow('expected 12 bytes of data but found 11');
  await writeFile(images, gzipSync(words(0x801, 0)));
  await expect(prepareFashionMnist(out, options)).rejects.toThrow('not an IDX file of the expected kind');
});
