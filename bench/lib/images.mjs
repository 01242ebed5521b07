// @ts-check
// Images that several programs of a benchmark generate identically: float32, nearly normal, from a fixed
// stream.

const SIDE = 224;

/**
 * The minimal standard generator, the same numbers in every run.
 * @param {number} seed
 */
export function minstd(seed) {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state >> 8;
  };
}

/**
 * Images N×3×side×side, row-major.
 * @param {number} batch
 */
export function logicalImages(batch, side = SIDE) {
  const random = minstd(7);
  const uniform = () => random() / 2 ** 23 - 0.5;
  // The sum of three uniform numbers has a variance of a quarter.
  return Float32Array.from(
    { length: batch * 3 * side * side },
    () => 2 * (uniform() + uniform() + uniform()),
  );
}

/**
 * The same images, channels last.
 * @param {number} batch
 */
export function storedImages(batch, side = SIDE) {
  const logical = logicalImages(batch, side);
  const area = side * side;
  const stored = new Float32Array(logical.length);
  for (let n = 0; n < batch; n++) {
    for (let c = 0; c < 3; c++) {
      for (let i = 0; i < area; i++) stored[(n * area + i) * 3 + c] = logical[(n * 3 + c) * area + i] ?? 0;
    }
  }
  return stored;
}
