/** A decoded image: 8-bit samples, row by row, gray (1 channel) or RGB interleaved (3 channels). */
export interface Image {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
}

/** A rectangle of pixels. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Pixels of an image, with the place of the first one in it. */
export interface Region {
  readonly image: Image;
  readonly left: number;
  readonly top: number;
}

/** An image whose pixels are made where they are asked for. */
export interface RegionSource {
  readonly width: number;
  readonly height: number;
  /** At least the pixels of `box`, which lies inside the image. */
  region(box: Box): Region;
}

/** What transforms work on. */
export type Picture = Image | RegionSource;

/** At least the pixels of `box`, which lies inside the picture. */
export function regionOf(picture: Picture, box: Box): Region {
  return 'region' in picture ? picture.region(box) : { image: picture, left: 0, top: 0 };
}
