// Crops the largest square of an image and mirrors it at random; own-data.ts runs it in the loader's threads.
import { cropAndResize, IMAGENET_MEAN, IMAGENET_STD, normalization, writeRgb } from '@inplace-abn/data';

/** @param {{ side: number }} options */
export default function square({ side }) {
  return {
    width: side,
    height: side,
    /** @type {import('@inplace-abn/data').Transform['apply']} */
    apply(picture, random, pixels, color) {
      const size = Math.min(picture.width, picture.height);
      const box = {
        left: (picture.width - size) >> 1,
        top: (picture.height - size) >> 1,
        width: size,
        height: size,
      };
      writeRgb(cropAndResize(picture, box, side, side), random.uniform() < 0.5, pixels);
      color.set(normalization(IMAGENET_MEAN, IMAGENET_STD));
    },
  };
}
