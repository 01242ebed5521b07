/** Cases of the matrix products, the losses and the updates. */
import { drawOperand, filled, labelsBelow } from '../operands.js';

// Rows, features, outputs.
const PRODUCTS = [
  [1, 1, 1],
  [3, 17, 5],
  [2, 70, 33],
  [16, 64, 10],
] as const;

const LOGITS = [
  [1, 1],
  [3, 17],
  [70, 3],
  [2, 5, 3, 7],
  [4, 1000],
];

const labelled = LOGITS.map((logits) => {
  const [batch = 1, classes = 1, ...area] = logits;
  return { logits, labels: [batch, ...area], draw: { labels: labelsBelow(classes) } };
});

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
  cross_entropy: labelled.flatMap(({ logits, labels, draw }) => [
    { attrs: { ignore_index: -100 }, inputs: [logits, labels], draw },
    // Logits whose exponentials overflow.
    {
      attrs: { ignore_index: 1 },
      inputs: [logits, labels],
      draw: {
        ...draw,
        logits: (name: string, shape: readonly number[]) =>
          Array.from(drawOperand(name, shape), (value) => 300 * value),
      },
    },
  ]),
  cross_entropy_backward: labelled.map(({ logits, labels, draw }) => ({
    attrs: { ignore_index: 1 },
    inputs: [logits, labels, []],
    draw,
  })),
  topk_correct: labelled
    .filter(({ logits }) => logits.length === 2)
    .map(({ logits, labels, draw }) => ({ attrs: { k: [1, 2, 5] }, inputs: [logits, labels], draw })),
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
