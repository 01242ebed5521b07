/** The prediction over the photograph. */
import { UsageError } from '@inplace-abn/core';
import type { Image } from '@inplace-abn/data';
import type { SegmentationClass } from '../../segmentation/classes.js';
import { checkSameSize, checkSize, colorTable, type LabelMap } from '../../segmentation/label-map.js';

/**
 * (1 − alpha) · photograph + alpha · color of the class, in steps of 1/256 and rounded.
 *
 * @returns RGB of the photograph's size
 * @throws {UsageError} if the sizes differ or alpha is not from 0 to 1
 */
export function blend(
  photo: Image,
  map: LabelMap,
  classes: readonly SegmentationClass[],
  alpha = 0.5,
): Image {
  checkSize('a photograph', photo, photo.channels);
  checkSize('a class map', map);
  checkSameSize('the photograph', photo, 'its class map', map);
  if (!(alpha >= 0 && alpha <= 1)) throw new UsageError(`alpha ${alpha}: expected a number from 0 to 1`);
  const { width, height, channels, data: src } = photo;
  const colors = colorTable(classes);
  const weight = Math.round(256 * alpha);
  const dst = new Uint8Array(3 * width * height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const color = 3 * (map.data[pixel] ?? 0);
    for (let c = 0; c < 3; c++) {
      const value = src[channels === 1 ? pixel : 3 * pixel + c] ?? 0;
      dst[3 * pixel + c] = (value * (256 - weight) + (colors[color + c] ?? 0) * weight + 128) >> 8;
    }
  }
  return { data: dst, width, height, channels: 3 };
}

/** As {@link blend}, as the content of a PNG file. */
export async function encodeOverlayPng(
  photo: Image,
  map: LabelMap,
  classes: readonly SegmentationClass[],
  alpha?: number,
): Promise<Uint8Array> {
  const { data, width, height, channels } = blend(photo, map, classes, alpha);
  const { default: sharp } = await import('sharp');
  // Blended photographs hardly compress: more than a low level costs seconds and gains little.
  return sharp(data, { raw: { width, height, channels } }).png({ compressionLevel: 2 }).toBuffer();
}
