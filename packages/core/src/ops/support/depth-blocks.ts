/** Blocks of pixels as channels: the rules of space_to_depth and its gradient. */
import { channels, dim, elements, formatType, type Shape, type TensorType } from '@inplace-abn/tensor';
import { ShapeError } from '../../errors.js';
import { checkImages } from './window.js';

/** `block`: side of a block in pixels. */
export type BlockAttributes = { readonly block: number };

/** Refuses a block that is not a whole number of at least 1, and an operand that is not of images. */
export function checkBlock(x: TensorType, name: string, { block }: BlockAttributes): void {
  checkImages(x, name);
  if (Number.isInteger(block) && block >= 1) return;
  throw new ShapeError(`expected a whole number of at least 1 for block but received ${block}`);
}

/** [N,C,H·b,W·b] → [N,C·b²,H,W]. Throws ShapeError where b does not divide the size. */
export function blocksShape(x: TensorType, { block }: BlockAttributes): Shape {
  const [n, c, height, width] = [dim(x.shape, 0), channels(x.shape), dim(x.shape, 2), dim(x.shape, 3)];
  if (height % block === 0 && width % block === 0) {
    return [n, c * block * block, height / block, width / block];
  }
  throw new ShapeError(`expected sides that are multiples of ${block} for x but received ${formatType(x)}`);
}

/** Calls `visit` with the places of every element in storage order, of the image and of its blocks. */
export function forEachInBlocks(
  space: Shape,
  block: number,
  visit: (inSpace: number, inDepth: number) => void,
): void {
  const [c, height, width] = [channels(space), dim(space, 2), dim(space, 3)];
  for (let index = 0; index < elements(space); index++) {
    const pixel = Math.floor(index / c);
    const [column, row, image] = [
      pixel % width,
      Math.floor(pixel / width) % height,
      Math.floor(pixel / width / height),
    ];
    const at =
      (image * (height / block) + Math.floor(row / block)) * (width / block) + Math.floor(column / block);
    const part = (row % block) * block + (column % block);
    visit(index, (at * block * block + part) * c + (index % c));
  }
}
