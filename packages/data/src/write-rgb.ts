import type { Rgb } from './color.js';
import type { Size } from './geometry.js';
import type { Box, Image } from './image/image.js';

/** The pixels of an image as RGB, H×W×3; not copied if it already has three channels. */
export function toRgb(image: Image): Uint8Array {
  if (image.channels === 3) return image.data;
  const pixels = new Uint8Array(image.width * image.height * 3);
  writeRgb(image, false, pixels);
  return pixels;
}

/** Copies an image to RGB pixels of the same size, with gray replicated, mirrored horizontally if asked. */
export function writeRgb(
  { data, width, height, channels }: Image,
  mirrored: boolean,
  pixels: Uint8Array,
): void {
  if (channels === 3 && !mirrored) {
    pixels.set(data);
    return;
  }
  const step = mirrored ? -channels : channels;
  const second = channels === 3 ? 1 : 0;
  let to = 0;
  for (let y = 0; y < height; y++) {
    let from = (y * width + (mirrored ? width - 1 : 0)) * channels;
    for (let x = 0; x < width; x++) {
      pixels[to] = data[from] as number;
      pixels[to + 1] = data[from + second] as number;
      pixels[to + 2] = data[from + 2 * second] as number;
      to += 3;
      from += step;
    }
  }
}

/** Places RGB pixels at `place` in a frame filled with one 8-bit color. */
export function writeFramed(rgb: Uint8Array, place: Box, frame: Size, color: Rgb, pixels: Uint8Array): void {
  const [red, green, blue] = color;
  for (let i = 0; i < pixels.length; i += 3) {
    pixels[i] = red;
    pixels[i + 1] = green;
    pixels[i + 2] = blue;
  }
  const { left, top, width, height } = place;
  for (let y = 0; y < height; y++) {
    pixels.set(rgb.subarray(y * width * 3, (y + 1) * width * 3), ((top + y) * frame.width + left) * 3);
  }
}
