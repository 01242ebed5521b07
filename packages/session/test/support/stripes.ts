/** A small network and images that it can classify. */
import { Conv2d, GlobalAvgPool2d, InPlaceABN, Linear, Sequential } from '@inplace-abn/nn';
import { sgd } from '@inplace-abn/optim';
import { crossEntropy, Session, type SessionOptions } from '../../src/index.js';

export const CLASSES = 3;
export const SIDE = 12;

export const network = () =>
  new Sequential({
    conv: new Conv2d(1, 8, 3, { padding: 1, bias: false }),
    bn: new InPlaceABN(8),
    pool: new GlobalAvgPool2d(),
    fc: new Linear(8, CLASSES),
  });

export const session = (options: Partial<SessionOptions> = {}) =>
  new Session(network(), {
    input: { shape: [1, SIDE, SIDE] },
    loss: crossEntropy(),
    optimizer: sgd({ learningRate: 0.5, momentum: 0.9 }),
    ...options,
  });

/** Horizontal stripes, vertical stripes and plain gray, which a 3×3 filter can tell apart. */
export function batchOf(size: number, first = 0): { x: Float32Array; y: Int32Array } {
  const y = Int32Array.from({ length: size }, (_, i) => (first + i) % CLASSES);
  const x = Float32Array.from({ length: size * SIDE * SIDE }, (_, i) => {
    const [image, row, column] = [Math.floor(i / SIDE ** 2), Math.floor(i / SIDE) % SIDE, i % SIDE];
    const label = y[image];
    return (label === 0 ? row % 2 : label === 1 ? column % 2 : 0.5) + 0.1 * Math.sin(first + i);
  });
  return { x, y };
}
