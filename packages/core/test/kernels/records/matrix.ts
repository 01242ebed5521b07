/** Cases of the matrix products and the updates. */
import { filled } from '../operands.js';

// Rows, features, outputs.
const PRODUCTS = [
  [1, 1, 1],
  [3, 17, 5],
  [2, 70, 33],
  [16, 64, 10],
] as const;

const WIDTHS = [[1], [17], [70, 3, 3, 3], []];

const PLAIN = { momentum: 0, weight_decay: 1e-2, nesterov: false };

/** Updates of whole parameters and of some of their rows. */
const UPDATES = [
  ...WIDTHS.map((shape) => ({ param: shape, grad: shape, begin: 0 })),
  { param: [7, 5], grad: [3, 5], begin: 2 },
  { param: [6, 3, 2, 2], grad: [2, 3, 2, 2], begin: 4 },
  { param: [64, 999], grad: [32, 999], begin: 0 },
  { param: [64, 999], grad: [32, 999], begin: 32 },
];

const TIMES = { transpose_a: false, transpose_b: false, sum: false };

/** M×K times K×N, with or without a batch. */
const MATMULS: readonly (readonly [readonly number[], number, number, number])[] = [
  [[], 1, 1, 1],
  [[], 5, 17, 3],
  [[1], 7, 4, 6],
  [[3], 33, 20, 18],
  [[2], 1, 70, 16],
  [[2], 4, 0, 3],
];

export const matrix = {
  matmul: MATMULS.flatMap(([batch, m, k, n]) => {
    const shared = [
      {
        attrs: TIMES,
        inputs: [
          [...batch, m, k],
          [k, n],
        ],
      },
    ];
    return [
      {
        attrs: TIMES,
        inputs: [
          [...batch, m, k],
          [...batch, k, n],
        ],
      },
      {
        attrs: { ...TIMES, transpose_a: true },
        inputs: [
          [...batch, k, m],
          [...batch, k, n],
        ],
      },
      {
        attrs: { ...TIMES, transpose_b: true },
        inputs: [
          [...batch, m, k],
          [...batch, n, k],
        ],
      },
      {
        attrs: { ...TIMES, transpose_a: true, sum: true },
        inputs: [
          [...batch, k, m],
          [...batch, k, n],
        ],
      },
      ...(batch.length > 0 ? shared : []),
    ];
  }),
  linear: PRODUCTS.flatMap(([n, k, o]) => [
    { attrs: {}, inputs: [[n, k], [o, k], [o]] },
    { attrs: {}, inputs: [[n, k], [o, k], null] },
  ]),
  linear_backward_data: PRODUCTS.map(([n, k, o]) => ({
    attrs: {},
    inputs: [
      [n, o],
      [o, k],
    ],
  })),
  linear_backward_weights: PRODUCTS.map(([n, k, o]) => ({
    attrs: {},
    inputs: [
      [n, k],
      [n, o],
    ],
  })),
  sgd: UPDATES.flatMap(({ param, grad, begin }) => [
    { attrs: { ...PLAIN, begin }, inputs: [param, grad, null, [], null] },
    { attrs: { ...PLAIN, momentum: 0.9, nesterov: true, begin }, inputs: [param, grad, param, [], []] },
    { attrs: { ...PLAIN, momentum: 0.9, weight_decay: 0, begin }, inputs: [param, grad, param, [], null] },
  ]),
  adam: UPDATES.flatMap(({ param, grad, begin }) =>
    [null, []].flatMap((clip) =>
      [false, true].map((decoupled) => ({
        attrs: { beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 1e-2, decoupled, begin },
        inputs: [param, grad, param, param, [], [], clip],
      })),
    ),
  ),
  accumulate: UPDATES.flatMap(({ param, grad, begin }) => [
    { attrs: { begin }, inputs: [param, grad, [], []] },
    { attrs: { begin }, inputs: [param, grad, [], []], draw: { keep: filled(0), state: filled(Number.NaN) } },
  ]),
  clip_scale: [
    { attrs: { max_norm: 1 }, inputs: [[1]] },
    { attrs: { max_norm: 2 }, inputs: [[17], [70, 3, 3, 3], []] },
    { attrs: { max_norm: 1e6 }, inputs: [[3, 5]], draw: { grad: filled(2) } },
  ],
};
