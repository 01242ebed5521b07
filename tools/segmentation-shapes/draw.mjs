// @ts-check
// Images of colored shapes on a noisy ground with exact label maps, each a function of its name.

/** Names by class id. */
export const CLASSES = ['ground', 'disc', 'square', 'triangle'];

/** Red, green and blue of each class in pictures of predictions. */
export const CLASS_COLORS = [
  [70, 70, 80],
  [220, 70, 60],
  [70, 160, 220],
  [240, 190, 60],
];

/** Label of pixels that do not count. */
export const IGNORED = 255;

/** Sides of the images, in pixels. */
const SIDES = [64, 96];
/** Half the extent of a shape, in pixels. */
const RADII = [13, 24];
/** RGB of each class, before each shape's own deviation and the noise of each pixel. */
const COLORS = [
  [120, 120, 120],
  [200, 70, 60],
  [60, 180, 80],
  [70, 90, 210],
];
const DEVIATION = 25;
const NOISE = 30;
/** Side of the patch of noise that has no label. */
const PATCH = 6;

/**
 * @typedef {object} LabeledImage
 * @property {number} width
 * @property {number} height
 * @property {Uint8Array} pixels  RGB, H×W×3
 * @property {Uint8Array} labels  class ids, H×W
 */

/**
 * @param {string} name  what the image is a function of
 * @returns {LabeledImage}
 */
export function drawShapes(name) {
  const random = stream(name);
  const between = (/** @type {number[]} */ [low = 0, high = 0]) =>
    low + Math.floor(random() * (high - low + 1));
  const [width, height] = [between(SIDES), between(SIDES)];
  const labels = new Uint8Array(width * height);
  const pixels = new Uint8Array(width * height * 3);
  const tint = (/** @type {number} */ id) => {
    return (COLORS[id] ?? []).map((value) => value + between([-DEVIATION, DEVIATION]));
  };
  const tints = [tint(0)];
  const owner = new Uint8Array(width * height);
  const shapes = between([1, 3]);
  for (let shape = 1; shape <= shapes; shape++) {
    const id = between([1, CLASSES.length - 1]);
    tints[shape] = tint(id);
    const [radius, centerX, centerY] = [between(RADII), between([8, width - 8]), between([8, height - 8])];
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        if (!covers(id, (x - centerX) / radius, (y - centerY) / radius)) continue;
        labels[y * width + x] = id;
        owner[y * width + x] = shape;
      }
    }
  }
  for (let i = 0; i < labels.length; i++) {
    for (let c = 0; c < 3; c++) {
      const value = (tints[owner[i] ?? 0]?.[c] ?? 0) + between([-NOISE, NOISE]);
      pixels[3 * i + c] = Math.min(255, Math.max(0, value));
    }
  }
  const [left, top] = [between([0, width - PATCH]), between([0, height - PATCH])];
  for (let y = top; y < top + PATCH; y++) {
    for (let x = left; x < left + PATCH; x++) {
      labels[y * width + x] = IGNORED;
      for (let c = 0; c < 3; c++) pixels[3 * (y * width + x) + c] = between([0, 255]);
    }
  }
  return { width, height, pixels, labels };
}

/**
 * Whether a shape covers a point; its extent is −1 to 1 on both axes.
 *
 * @param {number} id @param {number} x @param {number} y
 */
function covers(id, x, y) {
  if (Math.max(Math.abs(x), Math.abs(y)) > 1) return false;
  switch (CLASSES[id]) {
    case 'disc':
      return x * x + y * y <= 1;
    case 'triangle':
      return Math.abs(x) <= (y + 1) / 2;
    default:
      return true;
  }
}

/**
 * Uniform numbers in [0, 1): mulberry32, seeded with the FNV-1a hash of a name.
 *
 * @param {string} name
 */
function stream(name) {
  let state = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) state = Math.imul(state ^ byte, 0x01000193);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let h = Math.imul(state ^ (state >>> 15), 1 | state);
    h = (h + Math.imul(h ^ (h >>> 7), 61 | h)) ^ h;
    return ((h ^ (h >>> 14)) >>> 0) / 2 ** 32;
  };
}
