/** The four small pictures of an image: photograph, prediction, overlay, confidence. */
import type { Image } from '@inplace-abn/data';
import type { SegmentationClass } from '../../segmentation/classes.js';
import type { ConfidenceMap, LabelMap } from '../../segmentation/label-map.js';
import { blend } from '../output/overlay.js';
import { encodePalettePng, probabilityBytes } from '../output/prediction-png.js';

/**
 * Longer side in pixels: four fit next to each other on a wide screen, and a thousand images take some tens
 * of MB.
 */
export const THUMBNAIL_SIDE = 360;

/** Files of an image in the gallery's folder: NAME and one of these. */
export const THUMBNAILS = {
  photo: '_photo.jpg',
  prediction: '_prediction.png',
  overlay: '_overlay.jpg',
  confidence: '_confidence.jpg',
} as const;

export type ThumbnailKind = keyof typeof THUMBNAILS;

export interface Thumbnails {
  readonly width: number;
  readonly height: number;
  readonly files: Readonly<Record<ThumbnailKind, Uint8Array>>;
}

/** Makes the thumbnails, with sides of at most {@link THUMBNAIL_SIDE}; small images keep their size. */
export async function makeThumbnails(
  photo: Image,
  map: LabelMap,
  confidence: ConfidenceMap,
  classes: readonly SegmentationClass[],
): Promise<Thumbnails> {
  const factor = Math.min(1, THUMBNAIL_SIDE / Math.max(photo.width, photo.height));
  const sideOf = (side: number) => Math.max(1, Math.round(side * factor));
  const [width, height] = [sideOf(photo.width), sideOf(photo.height)];
  const gray = { ...confidence, data: probabilityBytes(confidence), channels: 1 } as const;
  const smallMap = shrinkMap(map, width, height);
  const smallPhoto = await shrink(photo, width, height);
  const overlay = blend(smallPhoto, smallMap, classes);
  const files = {
    photo: await jpeg(smallPhoto),
    prediction: encodePalettePng(smallMap, classes),
    overlay: await jpeg(overlay),
    confidence: await jpeg(await shrink(gray, width, height)),
  };
  return { width, height, files };
}

/** Takes each pixel's class from the center of the area that it covers. */
function shrinkMap({ data, ...from }: LabelMap, width: number, height: number): LabelMap {
  const dst = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const row = Math.floor(((y + 0.5) * from.height) / height) * from.width;
    for (let x = 0; x < width; x++) {
      dst[y * width + x] = data[row + Math.floor(((x + 0.5) * from.width) / width)] ?? 0;
    }
  }
  return { width, height, data: dst };
}

async function shrink({ data, ...raw }: Image, width: number, height: number): Promise<Image> {
  const { default: sharp } = await import('sharp');
  const small = sharp(data, { raw }).resize(width, height, { fit: 'fill' });
  // sharp makes RGB of gray unless told otherwise.
  const kept = raw.channels === 1 ? small.toColourspace('b-w') : small;
  return { data: await kept.raw().toBuffer(), width, height, channels: raw.channels };
}

async function jpeg({ data, ...raw }: Image): Promise<Uint8Array> {
  const { default: sharp } = await import('sharp');
  return sharp(data, { raw }).jpeg({ quality: 75 }).toBuffer();
}
