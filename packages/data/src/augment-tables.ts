// PIL's operations on single bytes as tables of 256 entries per channel, red first.
// Sources: Pillow, PIL/ImageOps.py, src/libImaging/Blend.c.

export type Table = Uint8Array;

const LEVELS = 256;

/** The same table for all channels; `entry` is truncated and clipped. */
function uniformTable(entry: (level: number) => number): Table {
  return tableOf(() => entry);
}

function tableOf(entryOf: (channel: number) => (level: number) => number): Table {
  const table = new Uint8Array(3 * LEVELS);
  for (let channel = 0; channel < 3; channel++) {
    const entry = entryOf(channel);
    for (let level = 0; level < LEVELS; level++) {
      table[channel * LEVELS + level] = Math.min(Math.max(Math.trunc(entry(level)), 0), 255);
    }
  }
  return table;
}

/** Interpolates between a level and each byte by `factor`, in float32 like Image.blend. */
export function blendTable(from: number, factor: number): Table {
  const alpha = Math.fround(factor);
  return uniformTable((level) => Math.fround(from + Math.fround(alpha * (level - from))));
}

/** Keeps the upper `bits` bits. */
export function posterizeTable(bits: number): Table {
  return uniformTable((level) => level & (0xff00 >> bits));
}

/** Inverts levels from `threshold` on. */
export function solarizeTable(threshold: number): Table {
  return uniformTable((level) => (level < threshold ? level : 255 - level));
}

/** Stretches each channel to the whole range. `counts` has the number of pixels of each level, 3×256. */
export function autoContrastTable(counts: Int32Array): Table {
  return tableOf((channel) => {
    const own = counts.subarray(channel * LEVELS, (channel + 1) * LEVELS);
    const low = own.findIndex((count) => count > 0);
    const high = own.findLastIndex((count) => count > 0);
    if (high <= low) return (level) => level;
    const scale = 255 / (high - low);
    return (level) => level * scale - low * scale;
  });
}

/** Makes the levels of each channel about equally frequent. */
export function equalizeTable(counts: Int32Array): Table {
  return tableOf((channel) => {
    const own = counts.subarray(channel * LEVELS, (channel + 1) * LEVELS);
    const total = own.reduce((sum, count) => sum + count, 0);
    const last = own.findLast((count) => count > 0) ?? 0;
    const step = Math.floor((total - last) / 255);
    if (step === 0) return (level) => level;
    let before = Math.floor(step / 2);
    const entries = Array.from(own, (count) => {
      const entry = Math.floor(before / step);
      before += count;
      return entry;
    });
    return (level) => entries[level] ?? 0;
  });
}
