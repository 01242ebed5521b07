/** A decoded image: 8-bit samples, row-major, gray (1 channel) or interleaved RGB (3 channels). */
export interface Image {
  /** height × width × channels samples. */
  readonly data: Uint8Array;
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
  /** 1 for gray, 3 for RGB. */
  readonly channels: 1 | 3;
}

/** A rectangle of pixels. */
export interface Box {
  /** First column, from 0. */
  readonly left: number;
  /** First row, from 0. */
  readonly top: number;
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
}

/** Pixels of an image and the position of the first one. */
export interface Region {
  /** The pixels. */
  readonly image: Image;
  /** Column of its first pixel in the whole image. */
  readonly left: number;
  /** Row of its first pixel in the whole image. */
  readonly top: number;
}

/** An image that decodes regions on demand. */
export interface RegionSource {
  /** Width of the whole image, in pixels. */
  readonly width: number;
  /** Height of the whole image, in pixels. */
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
