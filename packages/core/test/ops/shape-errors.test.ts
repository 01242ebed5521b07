import { describe, expect, it } from 'vitest';
import { ShapeError } from '../../src/errors.js';
import { abnApply } from '../../src/ops/abn_apply.js';
import { abnBackwardApply } from '../../src/ops/abn_backward_apply.js';
import { abnRunning } from '../../src/ops/abn_running.js';
import { abnStats } from '../../src/ops/abn_stats.js';
import { activationBackward } from '../../src/ops/activation_backward.js';
import { add } from '../../src/ops/add.js';
import { avgPool } from '../../src/ops/avg_pool.js';
import { blurPool } from '../../src/ops/blur_pool.js';
import { blurPoolBackward } from '../../src/ops/blur_pool_backward.js';
import { broadcastAdd } from '../../src/ops/broadcast_add.js';
import { broadcastAddBackward } from '../../src/ops/broadcast_add_backward.js';
import { cast } from '../../src/ops/cast.js';
import { colorTransform } from '../../src/ops/color_transform.js';
import { concat } from '../../src/ops/concat.js';
import { convTranspose2d } from '../../src/ops/conv_transpose2d.js';
import { conv2d } from '../../src/ops/conv2d.js';
import { conv2dBackwardData } from '../../src/ops/conv2d_backward_data.js';
import { conv2dBackwardWeights } from '../../src/ops/conv2d_backward_weights.js';
import { crossEntropy } from '../../src/ops/cross_entropy.js';
import { dropout } from '../../src/ops/dropout.js';
import { linear } from '../../src/ops/linear.js';
import { lovaszSoftmax } from '../../src/ops/lovasz_softmax.js';
import { matmul } from '../../src/ops/matmul.js';
import { maxPool } from '../../src/ops/max_pool.js';
import { maxPoolBackward } from '../../src/ops/max_pool_backward.js';
import { mixImages } from '../../src/ops/mix_images.js';
import { oneHot } from '../../src/ops/one_hot.js';
import { padReplicate } from '../../src/ops/pad_replicate.js';
import { padReplicateBackward } from '../../src/ops/pad_replicate_backward.js';
import { resizeBilinear } from '../../src/ops/resize_bilinear.js';
import { resizeBilinearBackward } from '../../src/ops/resize_bilinear_backward.js';
import { sgd } from '../../src/ops/sgd.js';
import { sliceChannels } from '../../src/ops/slice_channels.js';
import { sliceChannelsBackward } from '../../src/ops/slice_channels_backward.js';
import { softmax } from '../../src/ops/softmax.js';
import { softmaxBackward } from '../../src/ops/softmax_backward.js';
import { spaceToDepth } from '../../src/ops/space_to_depth.js';
import { spaceToDepthBackward } from '../../src/ops/space_to_depth_backward.js';
import { topkCorrect } from '../../src/ops/topk_correct.js';
import { type Build, batch, build, convolution, fusion, plain, pooling, saved } from './typed-values.js';

describe('errors of wrong operands', () => {
  it.each<[string, Build]>([
    [
      'concat: operands differ in more than their channels: float32[2,3,4,4] and float32[2,3,4,5]',
      (v) => concat([v('[2,3,4,4]'), v('[2,3,4,5]')]),
    ],
    [
      'concat: operands differ in dtype: float32[2,3] and x bfloat16[2,3]',
      (v) => concat([v('[2,3]'), v('bfloat16[2,3]')]),
    ],
    [
      'concat: expected rank 2 or more for operand 0 but received float32[3]',
      (v) => concat([v('[3]'), v('[3]')]),
    ],
    [
      'slice_channels: expected a nonempty range within 4 channels but received [2, 5)',
      (v) => sliceChannels(v('[2,4,3]'), 2, 3),
    ],
    [
      'slice_channels: expected a nonempty range within 4 channels but received [2, 2)',
      (v) => sliceChannels(v('[2,4,3]'), 2, 0),
    ],
    [
      'slice_channels_backward: expected a nonempty range within 9 channels but received [7, 10)',
      (v) => sliceChannelsBackward(v('[2,3,4]'), 7, 9),
    ],
    [
      'conv2d: expected N×C×H×W for x but received float32[2,3]',
      (v) => conv2d(v('[2,3]'), v('[4,3,1,1]'), null),
    ],
    [
      'conv2d: expected 3 input channels in 1 groups but received the weight float32[4,2,1,1]',
      (v) => conv2d(v('[2,3,4,4]'), v('[4,2,1,1]'), null),
    ],
    [
      'conv2d: 2 groups do not divide 3 input and 4 output channels',
      (v) => conv2d(v('[2,3,4,4]'), v('[4,3,1,1]'), null, { groups: 2 }),
    ],
    [
      'matmul: float32[2,3,4] and float32[3,4,5] cannot be multiplied: expected [M,K] and [K,N], or batches of them',
      (v) => matmul(v('[2,3,4]'), v('[3,4,5]')),
    ],
    [
      'matmul: expected a matrix, or a batch of them, for b but received float32[4]',
      (v) => matmul(v('[3,4]'), v('[4]')),
    ],
    [
      'conv_transpose2d: expected 3 input channels for the weight float32[3,4,2,2] but received float32[2,4,5,5]',
      (v) => convTranspose2d(v('[2,4,5,5]'), v('[3,4,2,2]'), null),
    ],
    [
      'conv_transpose2d: expected [8] for bias but received float32[4]',
      (v) => convTranspose2d(v('[2,4,5,5]'), v('[4,4,2,2]'), v('[4]'), { groups: 2 }),
    ],
    [
      'conv_transpose2d: expected an output padding from 0 to 1 for stride 2 but received 2',
      (v) => convTranspose2d(v('[2,3,5,5]'), v('[3,4,2,2]'), null, { stride: 2, outputPadding: [0, 2] }),
    ],
    [
      'conv2d_backward_data: 2 groups do not divide 4 input and 3 output channels',
      (v) => convTranspose2d(v('[2,3,5,5]'), v('[3,2,2,2]'), null, { groups: 2 }),
    ],
    [
      'conv2d: expected 4 channels for bias but received float32[3]',
      (v) => conv2d(v('[2,3,4,4]'), v('[4,3,1,1]'), v('[3]')),
    ],
    [
      'conv2d: expected two whole numbers of at least 1 for stride but received [0, 0]',
      (v) => conv2d(v('[2,3,4,4]'), v('[4,3,1,1]'), null, { stride: 0 }),
    ],
    [
      'conv2d: a window of 5×3 does not fit an input of 4×4 with padding 0×0',
      (v) => conv2d(v('[2,3,4,4]'), v('[4,3,3,3]'), null, { dilation: [2, 1] }),
    ],
    [
      'conv2d: expected float32 for weight but received bfloat16[4,3,1,1]',
      (v) => conv2d(v('[2,3,4,4]'), v('bfloat16[4,3,1,1]'), null),
    ],
    [
      'conv2d_backward_data: expected [1,2,3,3] for dy but received float32[1,2,3,4]',
      (v) => conv2dBackwardData(v('[1,2,3,4]'), v('[2,5,3,3]'), [6, 5], convolution),
    ],
    [
      'conv2d_backward_weights: expected [1,2,3,3] for dy but received float32[2,2,3,3]',
      (v) => conv2dBackwardWeights(v('[1,5,6,5]'), v('[2,2,3,3]'), [3, 3], convolution),
    ],
    [
      'linear: x float32[4,7] and weight float32[3,6] differ in features',
      (v) => linear(v('[4,7]'), v('[3,6]'), null),
    ],
    [
      'linear: expected rank 2 for x but received float32[4,7,1,1]',
      (v) => linear(v('[4,7,1,1]'), v('[3,7]'), null),
    ],
    [
      'max_pool: padding [2, 2] is more than half of the window [3, 3]',
      (v) => maxPool(v('[1,1,8,8]'), 3, { padding: 2 }),
    ],
    ['max_pool: a window of [32, 9] has more than 256 elements', (v) => maxPool(v('[1,1,40,40]'), [32, 9])],
    [
      'max_pool_backward: dy and index differ in shape: float32[1,1,2,2] and uint8[1,1,2,3]',
      (v) => maxPoolBackward(v('[1,1,2,2]'), v('uint8[1,1,2,3]'), [4, 4], pooling),
    ],
    [
      'max_pool_backward: expected [1,1,2,2] for dy but received float32[1,1,3,2]',
      (v) => maxPoolBackward(v('[1,1,3,2]'), v('uint8[1,1,3,2]'), [4, 4], pooling),
    ],
    [
      'avg_pool: a window of 3×3 does not fit an input of 2×2 with padding 0×0',
      (v) => avgPool(v('[1,1,2,2]'), 3),
    ],
    [
      'resize_bilinear: expected N×C×H×W for x but received float32[2,3]',
      (v) => resizeBilinear(v('[2,3]'), [4, 4]),
    ],
    [
      'resize_bilinear: expected two whole numbers of at least 1, [height, width], for size but received [4, 0.5]',
      (v) => resizeBilinear(v('[1,1,2,2]'), [4, 0.5]),
    ],
    [
      'resize_bilinear: an image of 0×2 has no pixels to resize',
      (v) => resizeBilinear(v('[1,1,0,2]'), [4, 4]),
    ],
    [
      'resize_bilinear_backward: expected two whole numbers of at least 1, [height, width], for size but received [3]',
      (v) => resizeBilinearBackward(v('[1,1,2,2]'), [3]),
    ],
    [
      'blur_pool: expected images of at least 2×2 pixels for x but received float32[1,1,1,2]',
      (v) => blurPool(v('[1,1,1,2]')),
    ],
    [
      'blur_pool_backward: expected dy for images of 5×4 pixels but received float32[1,1,2,2]',
      (v) => blurPoolBackward(v('[1,1,2,2]'), [5, 4]),
    ],
    [
      'space_to_depth: expected sides that are multiples of 4 for x but received float32[1,3,8,6]',
      (v) => spaceToDepth(v('[1,3,8,6]'), 4),
    ],
    [
      'space_to_depth: expected a whole number of at least 1 for block but received 0',
      (v) => spaceToDepth(v('[1,3,8,8]'), 0),
    ],
    [
      'space_to_depth_backward: expected a multiple of 4² channels for dy but received float32[1,6,2,2]',
      (v) => spaceToDepthBackward(v('[1,6,2,2]'), 4),
    ],
    [
      'pad_replicate: expected whole numbers of at least 0 for padding, [top, bottom, left, right], but received [0, -1, 0, 0]',
      (v) => padReplicate(v('[1,1,2,2]'), { top: 0, bottom: -1, left: 0, right: 0 }),
    ],
    [
      'pad_replicate: an image of 2×0 has no border to repeat',
      (v) => padReplicate(v('[1,1,2,0]'), { top: 1, bottom: 1, left: 1, right: 1 }),
    ],
    [
      'pad_replicate_backward: padding [1, 1, 0, 0] leaves nothing of dy float32[1,1,2,2]: expected more than 2×0 pixels',
      (v) => padReplicateBackward(v('[1,1,2,2]'), { padding: [1, 1, 0, 0] }),
    ],
    ['add: terms differ in shape: float32[2,3] and float32[2,4]', (v) => add(v('[2,3]'), v('[2,4]'))],
    [
      'add: operands differ in dtype: float32[2,3] and b bfloat16[2,3]',
      (v) => add(v('[2,3]'), v('bfloat16[2,3]')),
    ],
    [
      'activation_backward: dz and z differ in shape',
      (v) => activationBackward(v('[2,3]'), v('[3,2]'), plain),
    ],
    ['abn_stats: expected rank 2 or more (N×C×…) but received float32[3]', (v) => abnStats(v('[3]')).mean],
    [
      'abn_apply: expected 3 channels but received float32[4]',
      (v) => abnApply(v('[2,3,4]'), { mean: v('[3]'), variance: v('[4]') }, null, batch),
    ],
    [
      'abn_backward_apply: dz and saved differ in shape',
      (v) => abnBackwardApply(v('[2,3,5]'), saved(v), null, null, { ...plain, activation: 'relu' }),
    ],
    [
      'abn_running: expected more than one sample per channel in training but received 1',
      (v) =>
        abnRunning(
          { mean: v('[3]'), variance: v('[3]'), batches: v('int64[]') },
          { mean: v('[3]'), variance: v('[3]') },
          { momentum: 0.1, count: 1 },
        ).mean,
    ],
    [
      'cross_entropy: expected labels [2,3,4] for logits float32[2,5,3,4] but received int32[2,5]',
      (v) => crossEntropy(v('[2,5,3,4]'), v('int32[2,5]')),
    ],
    [
      'lovasz_softmax: expected labels [2,3,4] for logits float32[2,5,3,4] but received int32[2,5]',
      (v) => lovaszSoftmax(v('[2,5,3,4]'), v('int32[2,5]')),
    ],
    [
      'lovasz_softmax: expected a scalar for count but received float32[2]',
      (v) => lovaszSoftmax(v('[2,5]'), v('int32[2]'), { count: v('[2]') }),
    ],
    ['softmax: expected rank 2 or more for x but received float32[3]', (v) => softmax(v('[3]'))],
    [
      'softmax_backward: y and dy differ in shape: float32[2,3] and float32[2,4]',
      (v) => softmaxBackward(v('[2,3]'), v('[2,4]')),
    ],
    [
      'broadcast_add: expected [2,3,1,1] for b to match a float32[2,3,4,5] but received float32[1,3,1,1]',
      (v) => broadcastAdd(v('[2,3,4,5]'), v('[1,3,1,1]')),
    ],
    [
      'broadcast_add_backward: expected N×C×H×W for dout but received float32[2,3]',
      (v) => broadcastAddBackward(v('[2,3]')),
    ],
    [
      'fuse_predictions: operands differ in images or classes: float32[2,3,4,5] and float32[2,4,4,5]',
      (v) => fusion(v, ['[2,3,4,5]', '[2,4,4,5]']).label,
    ],
    [
      'fuse_predictions: expected 1 to 256 classes and at least one pixel for logits 0 but received float32[1,257,4,5]',
      (v) => fusion(v, ['[1,257,4,5]']).label,
    ],
    [
      'fuse_predictions: expected [height, width] of at least 1 for size but received [0, 4]',
      (v) => fusion(v, ['[1,2,4,5]'], { size: [0, 4] }).label,
    ],
    [
      'fuse_predictions: expected 0 or 1 for each of 1 logits in mirrored but received [0, 1]',
      (v) => fusion(v, ['[1,2,4,5]'], { mirrored: [false, true] }).label,
    ],
    [
      "fuse_predictions: expected mean, voting or max for mode but received 'median'",
      (v) => fusion(v, ['[1,2,4,5]'], { mode: 'median' }).label,
    ],
    [
      'topk_correct: expected labels [2,3,4] for logits float32[2,5,3,4] but received int32[2]',
      (v) => topkCorrect(v('[2,5,3,4]'), v('int32[2]'), [1]),
    ],
    ['one_hot: expected at least one class but received 0', (v) => oneHot(v('int32[2]'), 0)],
    [
      'mix_images: expected partners of at most 2 images but received int32[3]',
      (v) => mixImages(v('[2,3,4,5]'), { partners: v('int32[3]'), lambda: v('[3]'), boxes: v('int32[3,4]') }),
    ],
    [
      'mix_images: expected [2,4] for boxes but received int32[2]',
      (v) => mixImages(v('[2,3,4,5]'), { partners: v('int32[2]'), lambda: v('[2]'), boxes: v('int32[2]') }),
    ],
    [
      'topk_correct: expected whole numbers of at least 1 for k but received [0]',
      (v) => topkCorrect(v('[2,5]'), v('int32[2]'), [0]),
    ],
    [
      'dropout: expected p in [0, 1] but received 1.5',
      (v) => dropout(v('[2,5]'), v('int32[]'), { p: 1.5, stream: 0, channelwise: false }),
    ],
    [
      'color_transform: expected 3 channels but received uint8[2,1,4,4]',
      (v) => colorTransform(v('uint8[2,1,4,4]'), v('[2,12]')),
    ],
    [
      'color_transform: expected [2,12] for color but received float32[1,12]',
      (v) => colorTransform(v('uint8[2,3,4,4]'), v('[1,12]')),
    ],
    [
      'cast: expected float32, bfloat16 or float16 for x but received int32[2]',
      (v) => cast(v('int32[2]'), 'float32'),
    ],
    [
      'sgd: momentum 0.9 needs a momentum buffer',
      (v) =>
        sgd(
          { param: v('[2]'), grad: v('[2]'), momentum: null, lr: v('[]'), clip: null },
          { momentum: 0.9, weight_decay: 0, nesterov: false },
        ).param,
    ],
    [
      'sgd: expected the shape of the parameter float32[2], or of a part that starts at 0, but received float32[3]',
      (v) =>
        sgd(
          { param: v('[2]'), grad: v('[3]'), momentum: null, lr: v('[]'), clip: null },
          { momentum: 0, weight_decay: 0, nesterov: false },
        ).param,
    ],
  ])('%s', (message, body) => {
    expect(() => build(body)).toThrow(ShapeError);
    expect(() => build(body)).toThrow(`mod1: ${message}`);
  });
});
