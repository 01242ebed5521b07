/** Shape rules: output types from operand types. */
import { formatType } from '@inplace-abn/tensor';
import { describe, expect, it } from 'vitest';
import type { Value } from '../../src/ir/value.js';
import { abnStats } from '../../src/ops/abn_stats.js';
import { avgPool } from '../../src/ops/avg_pool.js';
import { blurPool } from '../../src/ops/blur_pool.js';
import { blurPoolBackward } from '../../src/ops/blur_pool_backward.js';
import { broadcastAdd } from '../../src/ops/broadcast_add.js';
import { broadcastAddBackward } from '../../src/ops/broadcast_add_backward.js';
import { concat } from '../../src/ops/concat.js';
import { confusion } from '../../src/ops/confusion.js';
import { conv2d } from '../../src/ops/conv2d.js';
import { conv2dBackwardData } from '../../src/ops/conv2d_backward_data.js';
import { conv2dBackwardWeights } from '../../src/ops/conv2d_backward_weights.js';
import { crossEntropy } from '../../src/ops/cross_entropy.js';
import { globalAvgPool } from '../../src/ops/global_avg_pool.js';
import { linear } from '../../src/ops/linear.js';
import { logSoftmax } from '../../src/ops/log_softmax.js';
import { lovaszSoftmax } from '../../src/ops/lovasz_softmax.js';
import { maxPool } from '../../src/ops/max_pool.js';
import { mixImages } from '../../src/ops/mix_images.js';
import { oneHot } from '../../src/ops/one_hot.js';
import { padReplicate } from '../../src/ops/pad_replicate.js';
import { padReplicateBackward } from '../../src/ops/pad_replicate_backward.js';
import { resizeBilinear } from '../../src/ops/resize_bilinear.js';
import { resizeBilinearBackward } from '../../src/ops/resize_bilinear_backward.js';
import { sliceChannels } from '../../src/ops/slice_channels.js';
import { sliceChannelsBackward } from '../../src/ops/slice_channels_backward.js';
import { softmax } from '../../src/ops/softmax.js';
import { spaceToDepth } from '../../src/ops/space_to_depth.js';
import { spaceToDepthBackward } from '../../src/ops/space_to_depth_backward.js';
import { topkCorrect } from '../../src/ops/topk_correct.js';
import { type Build, build, convolution, fusion } from './typed-values.js';

const pairs = (partners: Value, lambda: Value, boxes: Value) => ({ partners, lambda, boxes });

describe('output shapes', () => {
  it.each<[string, Build, string]>([
    [
      'conv2d 7×7/2',
      (v) => conv2d(v('[2,3,224,224]'), v('[64,3,7,7]'), null, { stride: 2, padding: 3 }),
      'float32[2,64,112,112]',
    ],
    [
      'conv2d in bfloat16',
      (v) => conv2d(v('bfloat16[1,4,5,6]'), v('[2,2,3,1]'), v('[2]'), { groups: 2 }),
      'bfloat16[1,2,3,6]',
    ],
    [
      'conv2d dilated',
      (v) => conv2d(v('[1,1,9,9]'), v('[1,1,3,3]'), null, { dilation: [4, 1] }),
      'float32[1,1,1,7]',
    ],
    [
      'conv2d_backward_data',
      (v) => conv2dBackwardData(v('[1,2,3,3]'), v('[2,5,3,3]'), [6, 5], convolution),
      'float32[1,5,6,5]',
    ],
    [
      'conv2d_backward_weights',
      (v) => conv2dBackwardWeights(v('bfloat16[1,5,6,5]'), v('bfloat16[1,2,3,3]'), [3, 3], convolution),
      'float32[2,5,3,3]',
    ],
    ['concat', (v) => concat([v('[2,3,4,4]'), v('[2,1,4,4]'), v('[2,2,4,4]')]), 'float32[2,6,4,4]'],
    ['concat of one', (v) => concat([v('bfloat16[2,3]')]), 'bfloat16[2,3]'],
    ['slice_channels', (v) => sliceChannels(v('bfloat16[2,6,4,4]'), 2, 3), 'bfloat16[2,3,4,4]'],
    ['slice_channels_backward', (v) => sliceChannelsBackward(v('[2,3,4]'), 2, 9), 'float32[2,9,4]'],
    ['linear', (v) => linear(v('bfloat16[4,7]'), v('[3,7]'), v('[3]')), 'bfloat16[4,3]'],
    ['max_pool 3/2', (v) => maxPool(v('[1,8,113,112]'), 3, { stride: 2, padding: 1 }), 'float32[1,8,57,56]'],
    ['max_pool with ceil', (v) => maxPool(v('[1,1,6,6]'), 3, { stride: 2, ceil: true }), 'float32[1,1,3,3]'],
    [
      'max_pool whose last window would start in the padding',
      (v) => maxPool(v('[1,1,3,3]'), 2, { stride: 2, padding: 1, ceil: true }),
      'float32[1,1,2,2]',
    ],
    ['avg_pool', (v) => avgPool(v('[1,1,7,4]'), [3, 2]), 'float32[1,1,2,2]'],
    ['global_avg_pool', (v) => globalAvgPool(v('bfloat16[3,5,2,9]')), 'bfloat16[3,5]'],
    ['resize_bilinear', (v) => resizeBilinear(v('bfloat16[2,3,5,7]'), [40, 9]), 'bfloat16[2,3,40,9]'],
    ['resize_bilinear_backward', (v) => resizeBilinearBackward(v('[2,3,40,9]'), [5, 7]), 'float32[2,3,5,7]'],
    ['blur_pool', (v) => blurPool(v('bfloat16[2,3,5,8]')), 'bfloat16[2,3,3,4]'],
    ['blur_pool_backward', (v) => blurPoolBackward(v('[2,3,3,4]'), [5, 8]), 'float32[2,3,5,8]'],
    ['space_to_depth', (v) => spaceToDepth(v('bfloat16[2,3,8,12]'), 4), 'bfloat16[2,48,2,3]'],
    ['space_to_depth_backward', (v) => spaceToDepthBackward(v('[2,48,2,3]'), 4), 'float32[2,3,8,12]'],
    [
      'pad_replicate',
      (v) => padReplicate(v('bfloat16[2,3,5,7]'), { top: 1, bottom: 2, left: 0, right: 4 }),
      'bfloat16[2,3,8,11]',
    ],
    [
      'pad_replicate_backward',
      (v) => padReplicateBackward(v('[2,3,8,11]'), { padding: [1, 2, 0, 4] }),
      'float32[2,3,5,7]',
    ],
    ['cross_entropy', (v) => crossEntropy(v('bfloat16[2,5,3,4]'), v('int32[2,3,4]')), 'float32[]'],
    [
      'lovasz_softmax',
      (v) => lovaszSoftmax(v('bfloat16[2,5,3,4]'), v('uint8[2,3,4]'), { perImage: true }),
      'float32[]',
    ],
    ['topk_correct', (v) => topkCorrect(v('[8,5]'), v('int32[8]'), [1, 5]), 'int32[2]'],
    ['confusion', (v) => confusion(v('uint8[2,3,4]'), v('uint8[2,3,4]'), 5), 'int32[5,5]'],
    ['topk_correct of pixels', (v) => topkCorrect(v('[2,5,3,4]'), v('int32[2,3,4]'), [1]), 'int32[1]'],
    ['one_hot', (v) => oneHot(v('uint8[2,3,4]'), 5), 'float32[2,5,3,4]'],
    [
      'mix_images',
      (v) => mixImages(v('bfloat16[3,3,5,7]'), pairs(v('int32[2]'), v('[2]'), v('int32[2,4]'))),
      'bfloat16[2,3,5,7]',
    ],
    ['log_softmax', (v) => logSoftmax(v('bfloat16[2,5,3,4]')), 'bfloat16[2,5,3,4]'],
    ['softmax', (v) => softmax(v('bfloat16[2,5,3,4]')), 'bfloat16[2,5,3,4]'],
    ['broadcast_add', (v) => broadcastAdd(v('[2,5,3,4]'), v('[2,5,1,1]')), 'float32[2,5,3,4]'],
    ['broadcast_add_backward', (v) => broadcastAddBackward(v('bfloat16[2,5,3,4]')), 'bfloat16[2,5,1,1]'],
    ['fuse_predictions, labels', (v) => fusion(v, ['[2,5,3,4]', '[2,5,6,9]']).label, 'uint8[2,7,8]'],
    ['fuse_predictions in bfloat16', (v) => fusion(v, ['bfloat16[2,5,3,4]']).probability, 'float32[2,7,8]'],
    ['abn_stats', (v) => abnStats(v('bfloat16[2,3]')).variance, 'float32[3]'],
  ])('%s', (_, body, expected) => {
    expect(formatType(build(body))).toBe(expected);
  });
});
