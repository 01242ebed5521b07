import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Image } from '../src/image/image.js';
import { DamagedJpeg, Jpeg } from '../src/jpeg/jpeg.js';
import { WASM_BASE64 } from '../src/wasm/module.js';
import { compileKernels } from '../wasm/build.mjs';

// Made by tools/oracle/make_transforms.py.
const { cases } = JSON.parse(readFileSync(new URL('fixtures/jpegs.json', import.meta.url), 'utf8')) as {
  cases: { about: string; file: string; sha256: string }[];
};
const files = cases.map(({ about, file, sha256 }) => ({ about, file: Buffer.from(file, 'base64'), sha256 }));
/** Kinds that are left to sharp: progressive ones, and halved chroma that is too narrow to be filtered. */
const isUncommon = (about: string) => /progressive|^[12]×.*4:2:/.test(about);
const common = files.filter(({ about }) => !isUncommon(about));

function open(file: Uint8Array): Jpeg {
  const jpeg = Jpeg.open(file);
  if (!jpeg) throw new Error('expected a JPEG of a common kind');
  return jpeg;
}

/** The RGB pixels of a box, whatever channels and margins the region has. */
function rgbOf(jpeg: Jpeg, box: { left: number; top: number; width: number; height: number }): Uint8Array {
  const { image, left, top } = jpeg.region(box);
  const { data, width, channels }: Image = image;
  const rgb = new Uint8Array(box.width * box.height * 3);
  for (let i = 0; i < rgb.length; i++) {
    const pixel = Math.floor(i / 3);
    const x = box.left - left + (pixel % box.width);
    const y = box.top - top + Math.floor(pixel / box.width);
    rgb[i] = data[(y * width + x) * channels + (channels === 3 ? i % 3 : 0)] ?? 0;
  }
  return rgb;
}

const whole = (jpeg: Jpeg) => rgbOf(jpeg, { left: 0, top: 0, width: jpeg.width, height: jpeg.height });

describe('Jpeg', () => {
  it.each(common)("has libjpeg's pixels: $about", ({ file, sha256 }) => {
    expect(
      createHash('sha256')
        .update(whole(open(file)))
        .digest('hex'),
    ).toBe(sha256);
  });

  it.each(common)('has them in every rectangle: $about', ({ file }) => {
    const jpeg = open(file);
    const pixels = whole(jpeg);
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(), fc.nat(), (a, b, c, d) => {
        const left = a % jpeg.width;
        const top = b % jpeg.height;
        const box = {
          left,
          top,
          width: 1 + (c % (jpeg.width - left)),
          height: 1 + (d % (jpeg.height - top)),
        };
        const rows = Array.from({ length: box.height }, (_, y) => {
          const from = ((top + y) * jpeg.width + left) * 3;
          return [...pixels.subarray(from, from + box.width * 3)];
        });
        expect([...rgbOf(jpeg, box)]).toEqual(rows.flat());
      }),
      { numRuns: 15 },
    );
  });

  it.each(files.filter(({ about }) => isUncommon(about)))('leaves to sharp: $about', ({ file }) => {
    expect(Jpeg.open(file)).toBeUndefined();
  });

  it('leaves to sharp what lacks its end or is something else', () => {
    const [first] = common;
    if (!first) throw new Error('expected a fixture');
    expect(Jpeg.open(first.file.subarray(0, -1))).toBeUndefined();
    expect(Jpeg.open(Buffer.from('no image at all'))).toBeUndefined();
    expect(Jpeg.open(Buffer.alloc(0))).toBeUndefined();
  });

  it('survives any damage: other pixels, an error of its own, or nothing', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...common),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 20 }),
        fc.nat(),
        ({ file }, changes, cut) => {
          const torn = Buffer.from(file);
          for (const [at, value] of changes) torn[at % torn.length] = value;
          const end = Buffer.from([0xff, 0xd9]);
          for (const content of [torn, Buffer.concat([torn.subarray(0, cut % torn.length), end])]) {
            const jpeg = Jpeg.open(content);
            // A damaged header may speak of a picture that no memory holds: it is not asked for as a whole.
            if (!jpeg) continue;
            const box = {
              left: 0,
              top: 0,
              width: Math.min(jpeg.width, 64),
              height: Math.min(jpeg.height, 64),
            };
            try {
              jpeg.region(box);
            } catch (error) {
              expect(error).toBeInstanceOf(DamagedJpeg);
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('throws where a scan ends too early', () => {
    const [first] = common;
    if (!first) throw new Error('expected a fixture');
    const torn = Buffer.concat([first.file.subarray(0, -200), Buffer.from([0xff, 0xd9])]);
    const jpeg = open(torn);
    expect(() => whole(jpeg)).toThrow(DamagedJpeg);
    // What lies before the damage can be had.
    const { width } = jpeg;
    const box = { left: 0, top: 0, width, height: 8 };
    expect(rgbOf(jpeg, box)).toEqual(rgbOf(open(first.file), box));
  });
});

describe('the kernels', () => {
  it('are what their sources compile to', async () => {
    expect(await compileKernels()).toContain(WASM_BASE64);
  });
});
