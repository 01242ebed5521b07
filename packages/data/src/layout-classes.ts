/** Classes of published data sets. */
import type { Rgb } from './color.js';
import type { NamedColor } from './palette.js';

const VOC_NAMES =
  'background aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse motorbike person pottedplant sheep sofa train tvmonitor';

/**
 * Classes of PASCAL VOC, with the colors that its development kit computes: the bits of an id go in turn to
 * red, green and blue, from the highest.
 */
export const VOC: readonly NamedColor[] = VOC_NAMES.split(' ').map((name, id) => {
  const channel = (first: number) =>
    [0, 1, 2].reduce((sum, step) => sum | (((id >> (3 * step + first)) & 1) << (7 - step)), 0);
  return { id, name, color: [channel(0), channel(1), channel(2)] };
});

/**
 * Classes of Cityscapes that have a train id, and their ids in the files `*_labelIds.png`. Source:
 * cityscapesScripts, `labels.py`.
 */
export const CITYSCAPES: readonly (NamedColor & { readonly labelId: number })[] = (
  [
    ['road', 7, [128, 64, 128]],
    ['sidewalk', 8, [244, 35, 232]],
    ['building', 11, [70, 70, 70]],
    ['wall', 12, [102, 102, 156]],
    ['fence', 13, [190, 153, 153]],
    ['pole', 17, [153, 153, 153]],
    ['traffic light', 19, [250, 170, 30]],
    ['traffic sign', 20, [220, 220, 0]],
    ['vegetation', 21, [107, 142, 35]],
    ['terrain', 22, [152, 251, 152]],
    ['sky', 23, [70, 130, 180]],
    ['person', 24, [220, 20, 60]],
    ['rider', 25, [255, 0, 0]],
    ['car', 26, [0, 0, 142]],
    ['truck', 27, [0, 0, 70]],
    ['bus', 28, [0, 60, 100]],
    ['train', 31, [0, 80, 100]],
    ['motorcycle', 32, [0, 0, 230]],
    ['bicycle', 33, [119, 11, 32]],
  ] satisfies [string, number, Rgb][]
).map(([name, labelId, color], id) => ({ id, name, color, labelId }));
