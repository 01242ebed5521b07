/** Cases of the expression ops and of ops that move elements: every function, every kind of broadcasting. */
import { elements, type Shape } from '@inplace-abn/tensor';
import { uniform } from '../../support/prng.js';
import type { Draw, KernelCase } from '../operands.js';

type Program = { readonly program: string; readonly domain: readonly number[] };
type Case = KernelCase<Program>;

const positive: Draw = (name, shape) => uniform(name, shape, 0.2, 4);
/** Beyond the range in which exp has a nonzero result. */
const wide: Draw = (name, shape) => uniform(name, shape, -95, 10);

const one = (program: string, ...inputs: Shape[]): Case => ({ attrs: { program, domain: [] }, inputs });
const onPositive = (program: string, ...inputs: Shape[]): Case => ({
  ...one(program, ...inputs),
  draw: { x0: positive, x1: positive },
});

/** Two vectors and a remainder, odd sizes, more than a block. */
const FLAT: readonly Shape[] = [[], [1, 1], [3, 17, 5], [2, 70, 9, 3], [1, 1030, 3, 2]];

const IMAGE: Shape = [3, 17, 6, 5];
/** Shapes to broadcast to images: a scalar, channels, images and channels, pixels, some axes. */
const BROADCAST: readonly Shape[] = [
  [],
  [1],
  [17],
  [3, 17],
  [3, 17, 1, 1],
  [3, 1],
  [1, 17],
  [3, 1, 6, 5],
  [1, 17, 6, 5],
  [3, 17, 6, 1],
  [3, 17, 1, 5],
  [1, 1, 6, 1],
];

export const elementwise: Case[] = [
  ...FLAT.map((shape) => one('mul(x0,x1)', shape, shape)),
  ...['abs', 'neg', 'sigmoid', 'sign', 'tanh', 'relu', 'exp'].map((fn) => one(`${fn}(x0)`, [3, 17, 40])),
  ...['log', 'sqrt', 'exp_invert'].map((fn) => onPositive(`${fn}(x0)`, [3, 17, 40])),
  ...['exp', 'sigmoid', 'tanh'].map((fn) => ({ ...one(`${fn}(x0)`, [700]), draw: { x0: wide } })),
  ...['add', 'sub', 'mul', 'relu_diff'].map((fn) => one(`${fn}(x0,x1)`, [5, 31], [5, 31])),
  onPositive('div(x0,x1)', [5, 31], [5, 31]),
  ...['elu', 'leaky_relu'].flatMap((fn) => [
    one(`${fn}(x0,0.3)`, [5, 31]),
    one(`${fn}_diff(x0,x1,0.3)`, [5, 31], [5, 31]),
  ]),
  onPositive('elu_invert(x0,0.5)', [5, 31]),
  ...BROADCAST.map((shape) => one('mul(x0,x1)', IMAGE, shape)),
  ...BROADCAST.map((shape) => ({ ...one('sub(x1,x0) add(t0,x2)', IMAGE, shape, [17]), floats: [2] })),
  { ...one('mul(x0,x1)', IMAGE, IMAGE), floats: [1] },
  // A row longer than a block, several rows per block, and an operand as large as the result that is read
  // last.
  one('add(x0,x1)', [2, 1030, 3, 2], [1030]),
  one('mul(x0,x1)', [9, 5, 8, 8], [9, 5]),
  one('mul(x1,x2) add(t0,x0)', [4, 5, 8, 8], [4, 5], [4, 5, 8, 8]),
  { attrs: { program: 'x0', domain: [2, 5, 3, 4] }, inputs: [[2, 5]] },
  { attrs: { program: 'x0', domain: [700] }, inputs: [[]] },
  {
    attrs: { program: 'mul(x0,x1)', domain: [] },
    inputs: [
      [6, 1],
      [1, 9],
    ],
  },
  one(
    'sub(x0,x1) mul(t0,0.5) sigmoid(t1) mul(t0,t2) tanh(t3) add(t4,t0) abs(t5) sub(1,t6)',
    [2, 70, 9, 3],
    [70],
  ),
];

const summed = (program: string, shape: readonly number[], inputs: readonly Shape[], divisor = 1) => ({
  attrs: { program, domain: [] as number[], shape, divisor },
  inputs,
  tolerance: 1e-4,
});

/** Result shapes of sums over images. */
const LEFT = (n: number, c: number, h: number, w: number): readonly Shape[] => [
  [],
  [1],
  [c],
  [n, c],
  [n, c, 1, 1],
  [n, 1, h, w],
  [n],
  [1, c, h, w],
  [n, c, h, 1],
  [n, c, 1, w],
  [n, 1, 1, 1],
  [n, 1, h, 1],
];

const SIZES = [
  [3, 17, 6, 5],
  [2, 5, 71, 67],
  [1, 1030, 3, 2],
  [40, 2, 3, 3],
] as const;

export const sum = [
  summed('x0', [], [[]]),
  summed('x0', [], [[700]], 700),
  summed('x0', [], [[3, 17, 33000]]),
  ...SIZES.flatMap(([n, c, h, w]) =>
    LEFT(n, c, h, w)
      .filter((left) => left.length !== 1 || left[0] !== n || n === c)
      .map((left) => summed('x0', left, [[n, c, h, w]], 7)),
  ),
  summed(
    'mul(x0,x1)',
    [3, 17],
    [
      [3, 17, 6, 5],
      [3, 17, 6, 5],
    ],
  ),
  summed('sub(x0,x1) mul(t0,t0)', [], [[9, 16, 30, 30], [16]], 3),
  summed(
    'mul(x0,x1)',
    [16],
    [
      [9, 16, 30, 30],
      [9, 16],
    ],
  ),
  { attrs: { program: 'x0', domain: [4, 5, 3, 3], shape: [5], divisor: 1 }, inputs: [[5]] },
];

const IMAGES: readonly Shape[] = [
  [1, 1, 1, 1],
  [3, 17, 6, 5],
  [2, 70, 9],
  [2, 5, 71, 67],
];

export const layout = {
  flatten: IMAGES.flatMap((images) => [
    { attrs: { images, back: false }, inputs: [images] },
    { attrs: { images, back: true }, inputs: [[images[0] ?? 1, elements(images.slice(1))]] },
  ]),
  reshape: [
    { attrs: { shape: [6, 5] }, inputs: [[30]] },
    { attrs: { shape: [2, 70, 1, 1] }, inputs: [[2, 70]] },
    { attrs: { shape: [12000] }, inputs: [[3, 4000]] },
  ],
};
