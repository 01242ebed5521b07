/** A decoded image: 8-bit samples, row-major, gray (1 channel) or interleaved RGB (3 channels). */
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

/** Pixels of an image and the position of the first one. */
export interface Region {
  readonly image: Image;
  readonly left: number;
  readonly top: number;
}

/** An image that decodes regions on demand. */
export interface RegionSource {
  readonly width: number;
  readonly height: number;
  /** Decodes at least the pixels of `box`, which lies inside the image. */
  region(box: Box): Region;
}

/** Input of a transform: a decoded image or one that decodes regions on demand. */
export type Picture = Image | RegionSource;

/** At least the pixels of `box`, which lies inside the picture. */
export function regionOf(picture: Picture, box: Box): Region {
  return 'region' in picture ? picture.region(box) : { image: picture, left: 0, top: 0 };
}
