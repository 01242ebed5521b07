/** The prediction over the photograph, with a legend of the classes that occur. */
import { UsageError } from '@inplace-abn/core';
import type { Image } from '@inplace-abn/data';
import {
  checkSameSize,
  checkSize,
  classOf,
  colorTable,
  countClasses,
  type LabelMap,
  type SegmentationClass,
} from '@inplace-abn/recipes';
import sharp from 'sharp';
import { Legend } from './legend.js';

export interface OverlayOptions {
  /** Weight of the classes' colours, 0 to 1; default 0.5. */
  readonly alpha?: number;
  /** Whether a legend is drawn; default true. */
  readonly legend?: boolean;
}

/**
 * (1 − alpha) · photograph + alpha · colour of the class, in steps of 1/256 and rounded.
 *
 * @returns RGB of the photograph's size
 * @throws {UsageError} where the sizes differ or alpha is not from 0 to 1
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

/**
 * The blended picture with its legend on white: below, or on the right of pictures narrower than a legend. The photograph
 * keeps its size, its upper left corner that of the whole.
 *
 * @throws {UsageError} as {@link blend}
 */
export async function renderOverlay(
  photo: Image,
  map: LabelMap,
  classes: readonly SegmentationClass[],
  options: OverlayOptions = {},
): Promise<Image> {
  const blended = blend(photo, map, classes, options.alpha);
  if (options.legend === false) return blended;
  const pixels = map.data.length;
  const entries = countClasses(map).map((each) => {
    const { name, color } = classOf(classes, each.id);
    return { name, color, share: each.pixels / pixels };
  });
  const legend = await Legend.of(entries, fontSizeFor(photo));
  const beside = legend.leastWidth > photo.width;
  const drawn = await legend.draw(beside ? legend.leastWidth : photo.width);
  return beside ? join(blended, drawn, photo.width, 0) : join(blended, drawn, 0, photo.height);
}

/** As {@link renderOverlay}, as the content of a PNG file. */
export async function encodeOverlayPng(
  photo: Image,
  map: LabelMap,
  classes: readonly SegmentationClass[],
  options: OverlayOptions = {},
): Promise<Uint8Array> {
  const { data, width, height, channels } = await renderOverlay(photo, map, classes, options);
  // Blended photographs hardly compress: more than a low level costs seconds and gains little.
  return sharp(data, { raw: { width, height, channels } }).png({ compressionLevel: 2 }).toBuffer();
}

/** Pixels an em, so that the legend is as readable as the picture is large. */
function fontSizeFor({ width, height }: Image): number {
  return Math.min(32, Math.max(12, Math.round(Math.sqrt(width * height) / 70)));
}

/** Both RGB pictures on white, the second with its upper left corner at (left, top) of the first. */
function join(first: Image, second: Image, left: number, top: number): Image {
  const width = Math.max(first.width, left + second.width);
  const height = Math.max(first.height, top + second.height);
  const data = new Uint8Array(3 * width * height).fill(255);
  const paste = (image: Image, x: number, y: number) => {
    for (let row = 0; row < image.height; row++) {
      const line = image.data.subarray(3 * row * image.width, 3 * (row + 1) * image.width);
      data.set(line, 3 * ((y + row) * width + x));
    }
  };
  paste(first, 0, 0);
  paste(second, left, top);
  return { data, width, height, channels: 3 };
}
