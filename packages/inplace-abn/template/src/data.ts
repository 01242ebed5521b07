/** Images of stripes: across, down and diagonal, with noise. */
export const CLASSES = 3;
export const SIZE = 16;

export interface Batch {
  /** Samples after one another, each SIZE × SIZE. */
  readonly x: Float32Array;
  readonly y: Int32Array;
}

/** The same batch for the same number. */
export function batchOf(samples: number, number: number): Batch {
  const random = randomFrom(number + 1);
  const x = new Float32Array(samples * SIZE * SIZE);
  const y = Int32Array.from({ length: samples }, () => Math.floor(random() * CLASSES));
  for (let sample = 0; sample < samples; sample++) {
    const phase = random() * 8;
    for (let row = 0; row < SIZE; row++) {
      for (let column = 0; column < SIZE; column++) {
        const along = [row, column, row + column][y[sample] ?? 0] ?? 0;
        x[(sample * SIZE + row) * SIZE + column] = Math.sin(along + phase) + random() - 0.5;
      }
    }
  }
  return { x, y };
}

/** Numbers in [0, 1) from a seed. */
function randomFrom(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
