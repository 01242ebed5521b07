// @ts-check
// Resizes and crops an image as training does, bilinear with antialiasing, so that the network sees the same
// pixels. A canvas would resize differently in each browser.

/** @typedef {import('./metadata.js').Sides} Sides */

/**
 * Resizes the shorter side to `scale` (or both sides to a height and a width; null: not at all) and crops the
 * center. Pixels outside of the image are black.
 * @param {import('./classify.js').Pixels} image
 * @param {Sides} scale
 * @param {Sides} crop
 */
export function cropped(image, scale, crop) {
  const size = sizeFor(image, scale);
  const [height, width] =
    crop === null ? [size.height, size.width] : typeof crop === 'number' ? [crop, crop] : crop;
  const resized = resize(image, size);
  const [left, top] = [center(size.width, width), center(size.height, height)];
  const rgb = new Uint8Array(width * height * 3);
  for (let y = Math.max(0, -top); y < height && y + top < size.height; y++) {
    for (let x = Math.max(0, -left); x < width && x + left < size.width; x++) {
      const from = ((y + top) * size.width + x + left) * 3;
      rgb.set(resized.subarray(from, from + 3), (y * width + x) * 3);
    }
  }
  return { rgb, width, height };
}

/** Where a crop of this length begins; halves are rounded to even, as Python does. */
function center(/** @type {number} */ size, /** @type {number} */ crop) {
  if (size < crop) return -Math.floor((crop - size) / 2);
  const half = (size - crop) / 2;
  return Number.isInteger(half) ? half : 2 * Math.round(half / 2);
}

/**
 * @param {{ width: number, height: number }} image
 * @param {Sides} scale
 */
function sizeFor({ width, height }, scale) {
  if (scale === null || scale === -1) return { width, height };
  if (typeof scale !== 'number') return { height: scale[0], width: scale[1] };
  return width <= height
    ? { width: scale, height: Math.trunc((scale * height) / width) }
    : { width: Math.trunc((scale * width) / height), height: scale };
}

/**
 * RGB of an image at another size: first along rows, then along columns, each rounded to 8 bits.
 * @param {import('./classify.js').Pixels} image  RGBA
 * @param {{ width: number, height: number }} size
 */
function resize({ data, width, height }, size) {
  const rows = along(data, { count: height, step: width * 4 }, { from: width, to: size.width, step: 4 });
  const turned = along(
    rows,
    { count: size.width, step: 3 },
    { from: height, to: size.height, step: size.width * 3 },
  );
  const rgb = new Uint8Array(size.width * size.height * 3);
  for (let x = 0; x < size.width; x++) {
    for (let y = 0; y < size.height; y++) {
      const from = (x * size.height + y) * 3;
      rgb.set(turned.subarray(from, from + 3), (y * size.width + x) * 3);
    }
  }
  return rgb;
}

/**
 * Lines of pixels at another length, one after the other.
 * @param {Uint8Array | Uint8ClampedArray} data
 * @param {{ count: number, step: number }} lines  step: elements from one to the next
 * @param {{ from: number, to: number, step: number }} pixels  their number before and after
 */
function along(data, lines, pixels) {
  const result = new Uint8Array(lines.count * pixels.to * 3);
  for (const [i, { first, weights }] of windows(pixels.from, pixels.to).entries()) {
    for (let line = 0; line < lines.count; line++) {
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (const [k, weight] of weights.entries()) {
          sum += weight * (data[line * lines.step + (first + k) * pixels.step + channel] ?? 0);
        }
        result[(line * pixels.to + i) * 3 + channel] = Math.min(255, Math.max(0, Math.round(sum)));
      }
    }
  }
  return result;
}

/**
 * For each pixel the ones that it is made of: a triangle around its center, as wide as the scale.
 * @param {number} from
 * @param {number} to
 */
function windows(from, to) {
  const scale = from / to;
  const support = Math.max(scale, 1);
  return Array.from({ length: to }, (_, i) => {
    const middle = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(middle - support + 0.5));
    const end = Math.min(from, Math.trunc(middle + support + 0.5));
    const raw = Array.from({ length: end - first }, (_, k) =>
      Math.max(0, 1 - Math.abs((first + k - middle + 0.5) / support)),
    );
    const sum = raw.reduce((a, b) => a + b, 0);
    return { first, weights: raw.map((weight) => weight / sum) };
  });
}
