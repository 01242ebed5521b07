import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { encode } from 'fast-png';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeOnPool, decodeSmallPng } from '../src/decode.js';
import { ImageError } from '../src/errors.js';
import { usefulPixels } from '../src/pixel-limit.js';
import { usePicture } from '../src/reader.js';
import fixture from './fixtures/cmyk.json' with { type: 'json' };
import { grayPng, makeImage, temporaryFolder, writeFiles } from './images.js';

const rgb = makeImage(6, 4, 3, (x, y, c) => (x * 30 + y * 17 + c * 60) % 256);
const rgbSharp = () => sharp(rgb.data, { raw: { width: 6, height: 4, channels: 3 } });
const decode = (content: Uint8Array) => decodeOnPool(content, 'test');

/** An image's pixels as RGB, for any number of channels. */
function rgbOf({ data, channels }: { data: Uint8Array; channels: number }): number[] {
  return channels === 3 ? [...data] : [...data].flatMap((value) => [value, value, value]);
}

describe('decodeOnPool', () => {
  it('reads RGB unchanged, and ignores its color profile', async () => {
    expect([...(await decode(await rgbSharp().png().toBuffer())).data]).toEqual([...rgb.data]);
    const wide = await rgbSharp().withIccProfile('p3').png().toBuffer();
    const bare = await sharp(wide, { ignoreIcc: true }).raw().toBuffer();
    expect([...bare]).not.toEqual([...rgb.data]);
    expect([...(await decode(wide)).data]).toEqual([...bare]);
  });

  it('drops transparency without blending', async () => {
    const data = Buffer.from([10, 20, 30, 0, 40, 50, 60, 128, 70, 80, 90, 255, 1, 2, 3, 4]);
    const png = await sharp(data, { raw: { width: 2, height: 2, channels: 4 } })
      .png()
      .toBuffer();
    expect(rgbOf(await decode(png))).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 90, 1, 2, 3]);
  });

  it('reads gray, with and without transparency', async () => {
    const gray = encode({ width: 3, height: 1, channels: 1, depth: 8, data: Uint8Array.of(0, 99, 255) });
    expect(rgbOf(await decode(gray))).toEqual([0, 0, 0, 99, 99, 99, 255, 255, 255]);
    const withAlpha = encode({
      width: 2,
      height: 1,
      channels: 2,
      depth: 8,
      data: Uint8Array.of(7, 0, 200, 128),
    });
    expect(rgbOf(await decode(withAlpha))).toEqual([7, 7, 7, 200, 200, 200]);
  });

  it('keeps the upper 8 of 16 bits', async () => {
    const data = Uint16Array.of(0x00ff, 0x1234, 0x8000, 0xffff, 0xfe01, 0x7fff);
    const expected = [...data].map((value) => value >> 8);
    const color = encode({ width: 2, height: 1, channels: 3, depth: 16, data });
    expect(rgbOf(await decode(color))).toEqual(expected);
    const gray = encode({ width: 6, height: 1, channels: 1, depth: 16, data });
    expect(rgbOf(await decode(gray))).toEqual(expected.flatMap((value) => [value, value, value]));
  });

  it('reads a palette', async () => {
    const even = await sharp({ create: { width: 4, height: 4, channels: 3, background: '#c83214' } })
      .png({ palette: true })
      .toBuffer();
    expect(rgbOf(await decode(even)).slice(0, 3)).toEqual([0xc8, 0x32, 0x14]);
  });

  it.each([
    // Within the print gamut, so that the round trip is nearly the identity.
    { background: { r: 200, g: 80, b: 60 } },
    { background: { r: 128, g: 128, b: 128 } },
  ])('reads CMYK as the original color: $background', async ({ background }) => {
    const jpeg = await sharp({ create: { width: 16, height: 16, channels: 3, background } })
      .toColourspace('cmyk')
      .jpeg({ quality: 100 })
      .toBuffer();
    expect((await sharp(jpeg).metadata()).space).toBe('cmyk');
    const { channels, data } = await decode(jpeg);
    expect(channels).toBe(3);
    const expected = [background.r, background.g, background.b];
    for (const [c, value] of expected.entries()) expect(Math.abs((data[c] ?? 0) - value)).toBeLessThan(20);
  });

  it.each(fixture.cases)(
    'converts CMYK through its own profile, like LittleCMS: $name',
    async ({ jpeg, pixels }) => {
      const { data, width, channels } = await decode(Buffer.from(jpeg, 'base64'));
      expect(channels).toBe(3);
      for (const [patch, expected] of pixels.entries()) {
        const at = (8 * Math.floor(patch / 8) + 4) * width + 8 * (patch % 8) + 4;
        for (const [c, value] of expected.entries()) {
          expect(Math.abs((data[3 * at + c] ?? 0) - value), `patch ${patch}`).toBeLessThanOrEqual(3);
        }
      }
    },
  );

  it('rejects more pixels than the limit and says how many there are', async () => {
    const png = await sharp({ create: { width: 300, height: 200, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    expect(await decodeOnPool(png, 'a.png', { maxPixels: 60000 })).toMatchObject({ width: 300 });
    await expect(decodeOnPool(png, 'a.png', { maxPixels: 59999 })).rejects.toMatchObject({
      code: 'too-large',
      reason: 'it has 300×200 pixels, more than maxPixels, 59999: make it smaller or raise maxPixels',
    });
  });

  // Where each EXIF orientation shows the stored image's pixel (x, y).
  it.each([
    { orientation: 1, seen: (x: number, y: number) => [x, y] },
    { orientation: 2, seen: (x: number, y: number) => [5 - x, y] },
    { orientation: 3, seen: (x: number, y: number) => [5 - x, 3 - y] },
    { orientation: 4, seen: (x: number, y: number) => [x, 3 - y] },
    { orientation: 5, seen: (x: number, y: number) => [y, x] },
    { orientation: 6, seen: (x: number, y: number) => [3 - y, x] },
    { orientation: 7, seen: (x: number, y: number) => [3 - y, 5 - x] },
    { orientation: 8, seen: (x: number, y: number) => [y, 5 - x] },
  ])('applies EXIF orientation $orientation', async ({ orientation, seen }) => {
    const png = await rgbSharp().withMetadata({ orientation }).png().toBuffer();
    const image = await decode(png);
    expect([image.width, image.height]).toEqual(orientation < 5 ? [6, 4] : [4, 6]);
    for (let y = 0; y < 4; y++) {
      for (let x = 0; x < 6; x++) {
        const [u = 0, v = 0] = seen(x, y);
        const at = (v * image.width + u) * 3;
        expect([...image.data.subarray(at, at + 3)]).toEqual([
          ...rgb.data.subarray((y * 6 + x) * 3).slice(0, 3),
        ]);
      }
    }
  });

  it('applies EXIF orientation to a JPEG', async () => {
    const jpeg = await rgbSharp().withMetadata({ orientation: 6 }).jpeg().toBuffer();
    expect(await decode(jpeg)).toMatchObject({ width: 4, height: 6 });
  });

  it.each(['jpeg', 'png'] as const)('rejects a truncated %s by name', async (format) => {
    const noise = makeImage(64, 64, 3, (x, y, c) => (x * x * 31 + y * y * 17 + x * y * c) % 256);
    const content = await sharp(noise.data, { raw: { width: 64, height: 64, channels: 3 } })
      .toFormat(format)
      .toBuffer();
    const torn = content.subarray(0, Math.floor(content.length * 0.6));
    const error = await decodeOnPool(torn, 'a/b.img').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ImageError);
    expect(error).toMatchObject({
      path: 'a/b.img',
      message: expect.stringMatching(/^Cannot read the image a\/b.img: .+\.$/),
    });
  });
});

describe('decodeSmallPng', () => {
  it.each([1, 3] as const)('gives the same pixels as sharp: %i channels', async (channels) => {
    const image = makeImage(28, 28, channels, (x, y, c) => (x * x * 3 + y * 11 + c * 70) % 256);
    for (const level of [0, 9] as const) {
      const png = Buffer.from(encode({ ...image, depth: 8 }, { zlib: { level } }));
      const fast = decodeSmallPng(png);
      expect(fast?.channels).toBe(channels);
      expect(fast && rgbOf(fast)).toEqual(rgbOf(await decode(png)));
    }
    // With libpng's filters as well.
    const filtered = await sharp(image.data, { raw: { width: 28, height: 28, channels } })
      .png({ adaptiveFiltering: true })
      .toBuffer();
    const fast = decodeSmallPng(filtered);
    expect(fast && rgbOf(fast)).toEqual(rgbOf(await decode(filtered)));
  });

  it('leaves large, unusual and damaged files to sharp', async () => {
    const png = Buffer.from(grayPng(50));
    expect(decodeSmallPng(png)).toBeDefined();
    const damaged = Buffer.from(png);
    damaged[50] = (damaged[50] ?? 0) ^ 1;
    const others: Record<string, Uint8Array> = {
      damaged,
      truncated: png.subarray(0, png.length - 20),
      empty: Buffer.alloc(0),
      large: grayPng(50, 129, 128),
      deep: encode({ width: 1, height: 1, channels: 1, depth: 16, data: Uint16Array.of(1) }),
      alpha: encode({ width: 1, height: 1, channels: 2, depth: 8, data: Uint8Array.of(1, 2) }),
      rotated: await rgbSharp().withMetadata({ orientation: 6 }).png().toBuffer(),
      interlaced: await rgbSharp().png({ progressive: true }).toBuffer(),
      jpeg: await rgbSharp().jpeg().toBuffer(),
    };
    for (const [name, content] of Object.entries(others)) {
      expect(decodeSmallPng(Buffer.from(content)), name).toBeUndefined();
    }
  });
});

describe('usePicture', () => {
  it('reads files of every kind and names an unreadable one', async () => {
    const folder = await temporaryFolder();
    const noise = makeImage(200, 150, 3, (x, y, c) => (x * x * 31 + y * y * 17 + x * y * c) % 256);
    const large = sharp(noise.data, { raw: { width: 200, height: 150, channels: 3 } });
    await writeFiles(folder, {
      'small.png': grayPng(9),
      'large.PNG': await large.png().toBuffer(),
      'plain.jpg': await large.jpeg().toBuffer(),
      'progressive.jpg': await large.jpeg({ progressive: true }).toBuffer(),
      'turned.jpg': await large.withMetadata({ orientation: 6 }).jpeg().toBuffer(),
      'bad.png': 'no image',
      'empty.png': '',
    });
    const sizeOf = (name: string) =>
      usePicture(join(folder, name), ({ width, height }) => [width, height] as const);
    expect(await sizeOf('small.png')).toEqual([8, 8]);
    for (const name of ['large.PNG', 'plain.jpg', 'progressive.jpg'])
      expect(await sizeOf(name)).toEqual([200, 150]);
    expect(await sizeOf('turned.jpg')).toEqual([150, 200]);
    await expect(sizeOf('bad.png')).rejects.toThrow(`Cannot read the image ${join(folder, 'bad.png')}:`);
    await expect(sizeOf('empty.png')).rejects.toThrow(ImageError);
    await expect(sizeOf('missing.png')).rejects.toThrow(/missing\.png/);
  });

  it('rejects an image with more pixels than the limit in every decoder', async () => {
    const folder = await temporaryFolder();
    const even = sharp({ create: { width: 90, height: 60, channels: 3, background: 'red' } });
    await writeFiles(folder, {
      'plain.jpg': await even.jpeg().toBuffer(),
      'progressive.jpg': await even.jpeg({ progressive: true }).toBuffer(),
      'small.png': grayPng(1, 90, 60),
    });
    for (const name of ['plain.jpg', 'progressive.jpg', 'small.png']) {
      const width = (maxPixels: number) =>
        usePicture(join(folder, name), (picture) => picture.width, { maxPixels });
      expect(await width(5400)).toBe(90);
      await expect(width(5399), name).rejects.toMatchObject({ code: 'too-large' });
    }
  });

  it('neither waits for a pipe nor reads a device', async () => {
    const pipe = join(await temporaryFolder(), 'pipe.png');
    execFileSync('mkfifo', [pipe]);
    for (const path of [pipe, '/dev/zero']) {
      await expect(usePicture(path, () => 0)).rejects.toThrow(
        `Cannot read the image ${path}: it is not a regular file.`,
      );
    }
  });
});

describe('the pixel limit of an output size', () => {
  it.each([
    [28, 28, 2 ** 24],
    [64, 64, 2 ** 26],
    [32, 64, 2 ** 25],
    [224, 224, 2 ** 27],
    [4096, 4096, 2 ** 27],
  ])('%i×%i', (width, height, pixels) => {
    expect(usefulPixels({ width, height })).toBe(pixels);
  });
});
