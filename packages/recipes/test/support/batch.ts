import type { Batch } from '@inplace-abn/data';

/** A full batch for the engine as `configOf()` makes it: eight images of 16×16, three classes. */
export function sampleBatch(): Batch {
  return {
    images: new Uint8Array(8 * 16 * 16 * 3).map((_, i) => (i * 37) % 251),
    color: Float32Array.from({ length: 8 * 12 }, (_, i) => (i % 5 === 0 ? 1 : 0.1)),
    targets: null,
    labeled: null,
    labels: Int32Array.from({ length: 8 }, (_, i) => i % 3),
    indices: new Int32Array(8),
    size: 8,
    number: 0,
    release: () => {},
  };
}
