import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EventFileWriter } from '../../src/tensorboard/event-file.js';
import { makeHistogram } from '../../src/tensorboard/histogram.js';
import { frameRecord, maskedCrc32c } from '../../src/tensorboard/record.js';
import { crc32c, readEvents, unmask } from './read-events.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'train-events-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

// Vectors of RFC 3720, B.4, and the usual check string.
const vectors: [string, Uint8Array, number][] = [
  ['32 zeros', new Uint8Array(32), 0x8a9136aa],
  ['32 ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ['0 to 31', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
  ['123456789', new TextEncoder().encode('123456789'), 0xe3069283],
];

describe('record framing', () => {
  it.each(vectors)('crc32c of %s', (_, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
    expect(unmask(maskedCrc32c(bytes))).toBe(expected);
  });

  it('contains length, payload and both checksums', () => {
    const record = Buffer.from(frameRecord(Uint8Array.of(1, 2, 3)));
    expect(record.length).toBe(19);
    expect(record.readBigUInt64LE(0)).toBe(3n);
    expect(unmask(record.readUInt32LE(8))).toBe(crc32c(record.subarray(0, 8)));
    expect([...record.subarray(12, 15)]).toEqual([1, 2, 3]);
    expect(unmask(record.readUInt32LE(15))).toBe(crc32c(Uint8Array.of(1, 2, 3)));
  });
});

describe('event file', () => {
  const fixed = { now: () => 1_700_000_000_500, host: 'box' };

  it('has the name and start that TensorBoard expects', async () => {
    const writer = new EventFileWriter(folder, fixed);
    writer.close();
    expect(basename(writer.path)).toBe(`events.out.tfevents.1700000000.box.${process.pid}`);
    expect(readEvents(await readFile(writer.path))).toEqual([
      { wallTime: 1_700_000_000.5, step: 0, fileVersion: 'brain.Event:2', values: [] },
    ]);
  });

  it('contains scalars, also zero, large steps and non-finite values', async () => {
    const writer = new EventFileWriter(folder, fixed);
    writer.scalars(0, { 'train/loss': 2.5, 'train/lr': 0 });
    writer.scalars(5_000_000_000, { 'val/top1': Number.NaN, 'val/loss': Number.POSITIVE_INFINITY });
    const events = readEvents(await readFile(writer.path));
    writer.close();
    expect(events.slice(1)).toEqual([
      {
        wallTime: 1_700_000_000.5,
        step: 0,
        values: [
          { tag: 'train/loss', scalar: 2.5 },
          { tag: 'train/lr', scalar: 0 },
        ],
      },
      {
        wallTime: 1_700_000_000.5,
        step: 5_000_000_000,
        values: [
          { tag: 'val/top1', scalar: Number.NaN },
          { tag: 'val/loss', scalar: Number.POSITIVE_INFINITY },
        ],
      },
    ]);
  });

  it('contains histograms', async () => {
    const writer = new EventFileWriter(folder, fixed);
    writer.histogram(7, 'fc/weight', Float32Array.of(-1, 0.5, 0.5, 2));
    writer.close();
    const [, event] = readEvents(await readFile(writer.path));
    expect(event?.step).toBe(7);
    expect(event?.values[0]?.tag).toBe('fc/weight');
    const expected = makeHistogram([-1, 0.5, 0.5, 2]);
    expect(event?.values[0]?.histogram).toEqual(expected);
  });

  it('marks the start of a resumed run', async () => {
    const writer = new EventFileWriter(folder, { ...fixed, resumeStep: 20 });
    writer.close();
    const [, start] = readEvents(await readFile(writer.path));
    expect(start).toMatchObject({ step: 20, sessionStatus: 1 });
  });

  it('cannot be written after closing', () => {
    const writer = new EventFileWriter(folder, fixed);
    writer.close();
    writer.close();
    expect(() => writer.scalars(1, { a: 1 })).toThrow(/is closed/);
  });
});

describe('histogram', () => {
  it('summarizes exactly', () => {
    expect(makeHistogram([1, -2, 4])).toMatchObject({ min: -2, max: 4, count: 3, sum: 3, sumSquares: 21 });
  });

  it('ignores non-finite values', () => {
    expect(makeHistogram([Number.NaN, 1, Number.POSITIVE_INFINITY]).count).toBe(1);
    expect(makeHistogram([])).toEqual({
      min: 0,
      max: 0,
      count: 0,
      sum: 0,
      sumSquares: 0,
      limits: [0],
      buckets: [0],
    });
  });

  it('counts every value once, in its bucket', () => {
    const value = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.constantFrom(0, -0, 1e-12, 1e300),
    );
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 30 }), (values) => {
        const { limits, buckets } = makeHistogram(values);
        expect(limits).toEqual([...limits].sort((a, b) => a - b));
        limits.forEach((limit, i) => {
          const below = i === 0 ? -Infinity : (limits[i - 1] ?? Number.NaN);
          const last = limit === Number.MAX_VALUE;
          const inside = values.filter((v) => v >= below && (v < limit || last));
          expect(buckets[i]).toBe(inside.length);
        });
        expect(buckets.reduce((a, b) => a + b)).toBe(values.length);
      }),
      { seed: 11 },
    );
  });
});
