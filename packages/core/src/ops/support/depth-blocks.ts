/** Shared by space_to_depth and its gradient. */
import { channels, dim, elements, formatType, type Shape, type TensorType } from '@inplace-abn/tensor';
import { ShapeError } from '../../errors.js';
import { checkImages } from './window.js';

/** `block`: side of a block in pixels. */
export type BlockAttributes = { readonly block: number };

/** Throws ShapeError unless the block is an integer of at least 1 and the operand is N×C×H×W. */
export function checkBlock(x: TensorType, name: string, { block }: BlockAttributes): void {
  checkImages(x, name);
  if (Number.isInteger(block) && block >= 1) return;
  throw new ShapeError(`expected a whole number of at least 1 for block but received ${block}`);
}

/** [N,C,H·b,W·b] → [N,C·b²,H,W]. Throws ShapeError if b does not divide the height and width. */
export function blocksShape(x: TensorType, { block }: BlockAttributes): Shape {
  const [n, c, height, width] = [dim(x.shape, 0), channels(x.shape), dim(x.shape, 2), dim(x.shape, 3)];
  if (height % block === 0 && width % block === 0) {
    return [n, c * block * block, height / block, width / block];
  }
  throw new ShapeError(`expected sides that are multiples of ${block} for x but received ${formatType(x)}`);
}

/** Calls `visit` for every element with its storage indices in the image and in the blocks. */
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
