/** Cases of the ops on classes: softmax, losses, and metrics of logits. */

import type { Shape } from '@inplace-abn/tensor';
import type { FusePredictionsAttributes } from '../../../src/ops/fuse_predictions.js';
import type { FusionMode } from '../../../src/ops/support/fusion.js';
import { counted, drawOperand, labelsBelow } from '../operands.js';

const LOGITS = [
  [1, 1],
  [3, 17],
  [70, 3],
  [2, 5, 3, 7],
  [4, 1000],
  // More pixels than the smallest chunk, and a number of classes with a remainder.
  [2, 65, 31, 37],
];

const labeled = LOGITS.map((logits) => {
  const [batch = 1, classes = 1, ...area] = logits;
  // Some labels are outside the classes.
  return { logits, labels: [batch, ...area], draw: { labels: labelsBelow(classes + (classes >> 3)) } };
});

/** Logits as confident as those of a trained network. */
const sure = (name: string, shape: Shape) => Array.from(drawOperand(name, shape), (value) => 6 * value);

/** Class weights. */
const positive = (name: string, shape: Shape) =>
  Array.from(drawOperand(name, shape), (value) => 0.1 + Math.abs(value));

/** `sizes`: height and width of each operand's logits, and 1 as a third number if mirrored. */
const fusion = (
  mode: FusionMode,
  [n, classes]: readonly [number, number],
  size: readonly number[],
  sizes: readonly (readonly number[])[],
): { attrs: FusePredictionsAttributes; inputs: Shape[]; draw: { logits: typeof sure } } => ({
  attrs: { mode, size, mirrored: sizes.map(([, , mirrored = 0]) => mirrored) },
  inputs: sizes.map(([h = 1, w = 1]) => [n, classes, h, w]),
  draw: { logits: sure },
});

/** Probabilities, some of them 0 and 1, and many equal. */
const probabilities = (name: string, shape: Shape) =>
  Array.from(drawOperand(name, shape), (value, i) => {
    if (i % 5 === 0) return Math.round(4 * Math.abs(Math.sin(value))) / 4;
    return Math.abs(Math.sin(value));
  });

const lovasz = [
  { p: [1, 1], classes: 'all' },
  { p: [3, 5], classes: 'present' },
  { p: [70, 3], classes: 'all' },
  // Classes 5 to 8 do not occur.
  { p: [2, 9, 3, 7], classes: 'present', labels: 5 },
  { p: [2, 9, 3, 7], classes: 'all', labels: 5 },
  // More rows than a chunk, in a batch and in an image.
  { p: [2, 3, 73, 71], classes: 'present' },
] as const;

const MODES = ['mean', 'voting', 'max'] as const;

export const classes = {
  softmax: [
    ...LOGITS.map((logits) => ({ attrs: {}, inputs: [logits] })),
    ...LOGITS.map((logits) => ({ attrs: {}, inputs: [logits], draw: { x: sure } })),
  ],
  log_softmax: LOGITS.flatMap((logits) => [
    { attrs: {}, inputs: [logits] },
    { attrs: {}, inputs: [logits], draw: { x: sure } },
  ]),
  log_softmax_backward: LOGITS.map((logits) => ({
    attrs: {},
    inputs: [logits, logits],
    draw: {
      y: (name: string, shape: Shape) => Array.from(drawOperand(name, shape), (y) => -3 * Math.abs(y)),
    },
  })),
  softmax_backward: LOGITS.map((logits) => ({ attrs: {}, inputs: [logits, logits] })),
  cross_entropy: labeled.flatMap(({ logits, labels, draw }) => [
    { attrs: { ignore_index: -100, label_smoothing: 0 }, inputs: [logits, labels], draw },
    // Logits whose exp overflows.
    {
      attrs: { ignore_index: 1, label_smoothing: 0 },
      inputs: [logits, labels],
      draw: {
        ...draw,
        logits: (name: string, shape: readonly number[]) =>
          Array.from(drawOperand(name, shape), (value) => 300 * value),
      },
    },
    counted({ attrs: { ignore_index: -100, label_smoothing: 0 }, inputs: [logits, labels], draw }),
    { attrs: { ignore_index: -100, label_smoothing: 0.1 }, inputs: [logits, labels], draw },
    {
      attrs: { ignore_index: 1, label_smoothing: 0.3 },
      inputs: [logits, labels, null, [logits[1] ?? 1]],
      draw: { ...draw, weights: positive },
    },
  ]),
  cross_entropy_backward: labeled
    .map(({ logits, labels, draw }) => ({
      attrs: { ignore_index: 1, label_smoothing: 0 },
      inputs: [logits, labels, []],
      draw,
    }))
    .flatMap((record) => [
      record,
      counted(record),
      { ...record, attrs: { ignore_index: -100, label_smoothing: 0.1 } },
      {
        attrs: { ignore_index: 1, label_smoothing: 0.3 },
        inputs: [...record.inputs, null, [record.inputs[0]?.[1] ?? 1]],
        draw: { ...record.draw, weights: positive },
      },
    ]),
  lovasz_softmax: lovasz.flatMap(({ p, classes: which, ...few }) => {
    const [batch, many, ...area] = p;
    const labels = [batch, ...area];
    const draw = { p: probabilities, labels: labelsBelow('labels' in few ? few.labels : many + (many >> 1)) };
    return (batch < 9 ? [false, true] : [false]).flatMap((per_image) => {
      const attrs = { classes: which, per_image, ignore_index: 1 };
      return [{ attrs, inputs: [p, labels], draw }, counted({ attrs, inputs: [p, labels], draw })];
    });
  }),
  topk_correct: labeled.map(({ logits, labels, draw }) => ({
    attrs: { k: [1, 2, 5] },
    inputs: [logits, labels],
    draw,
  })),
  confusion: [
    { classes: 1, shape: [1] },
    { classes: 5, shape: [3, 7, 11] },
    { classes: 256, shape: [2, 300, 301] },
  ].map(({ classes: many, shape }) => ({
    attrs: { classes: many },
    inputs: [shape, shape],
    draw: { predicted: labelsBelow(many), labels: labelsBelow(many + (many >> 3)) },
  })),
  one_hot: labeled.map(({ logits: [, many = 1], labels, draw }) => ({
    attrs: { classes: many, ignore_index: many > 1 ? 1 : -100 },
    inputs: [labels],
    draw,
  })),
  fuse_predictions: MODES.flatMap((mode) => [
    fusion(mode, [1, 1], [1, 1], [[1, 1]]),
    fusion(mode, [2, 65], [9, 13], [[4, 7, 1]]),
    fusion(
      mode,
      [1, 256],
      [5, 3],
      [
        [2, 5],
        [5, 3, 1],
      ],
    ),
    fusion(
      mode,
      [2, 19],
      [11, 10],
      [
        [3, 4],
        [3, 4, 1],
        [11, 10],
        [5, 20, 1],
        [1, 1],
      ],
    ),
    fusion(
      mode,
      [1, 5],
      [40, 53],
      [
        [13, 17],
        [20, 27, 1],
        [60, 71],
      ],
    ),
  ]),
};
