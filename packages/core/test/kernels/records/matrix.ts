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

export const matrix = {
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
  sgd: WIDTHS.flatMap((shape) => [
    { attrs: { momentum: 0, weight_decay: 1e-2, nesterov: false }, inputs: [shape, shape, null, [], null] },
    { attrs: { momentum: 0.9, weight_decay: 1e-2, nesterov: true }, inputs: [shape, shape, shape, [], []] },
    { attrs: { momentum: 0.9, weight_decay: 0, nesterov: false }, inputs: [shape, shape, shape, [], null] },
  ]),
  adam: WIDTHS.flatMap((shape) =>
    [null, []].map((clip) => ({
      attrs: { beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 1e-2 },
      inputs: [shape, shape, shape, shape, [], [], clip],
    })),
  ),
  clip_scale: [
    { attrs: { max_norm: 1 }, inputs: [[1]] },
    { attrs: { max_norm: 2 }, inputs: [[17], [70, 3, 3, 3], []] },
    { attrs: { max_norm: 1e6 }, inputs: [[3, 5]], draw: { grad: filled(2) } },
  ],
};
