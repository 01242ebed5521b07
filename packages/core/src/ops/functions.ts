/** Functions for traced code, one per public op, with the types of their options. */

export {
  ACTIVATIONS,
  type Activation,
  type ActivationAttributes,
  IDENTITY,
  isInvertible,
} from '../ir/activations.js';
export { type AbnApplyAttributes, abnApply } from './abn_apply.js';
export { abnMerge } from './abn_merge.js';
export { type AbnRunningOptions, abnRunning } from './abn_running.js';
export { abnStats } from './abn_stats.js';
export { accumulate } from './accumulate.js';
export { activation, relu } from './activation.js';
export { type AdamOperands, type AdamRule, adam } from './adam.js';
export { allGather } from './all_gather.js';
export { allReduce } from './all_reduce.js';
export { type PendingSum, startAllReduce } from './all_reduce_start.js';
export {
  abs,
  add,
  div,
  exp,
  expand,
  log,
  mul,
  neg,
  sigmoid,
  sign,
  silu,
  sqrt,
  square,
  sub,
  tanh,
} from './arithmetic.js';
export { type AvgPoolOptions, avgPool } from './avg_pool.js';
export { blurPool } from './blur_pool.js';
export { broadcast } from './broadcast.js';
export { broadcastAdd } from './broadcast_add.js';
export { cast } from './cast.js';
export { clipScale } from './clip_scale.js';
export { colorTransform } from './color_transform.js';
export { concat } from './concat.js';
export { confusion } from './confusion.js';
export { constant } from './constant.js';
export { type ConvTranspose2dOptions, convTranspose2d } from './conv_transpose2d.js';
export { type Conv2dOptions, conv2d } from './conv2d.js';
export { type CrossEntropyOptions, crossEntropy } from './cross_entropy.js';
export { type DropoutAttributes, dropout } from './dropout.js';
export { type FusePredictionsOptions, fusePredictions } from './fuse_predictions.js';
export { globalAvgPool } from './global_avg_pool.js';
export { type GroupNormOptions, groupNorm } from './group_norm.js';
export { guardFinite } from './guard_finite.js';
export { linear } from './linear.js';
export { literal } from './literal.js';
export { logSoftmax } from './log_softmax.js';
export { type LovaszSoftmaxOptions, lovaszSoftmax } from './lovasz_softmax.js';
export { matmul } from './matmul.js';
export { type MaxPoolOptions, maxPool } from './max_pool.js';
export { type MixOperands, mixImages } from './mix_images.js';
export { oneHot } from './one_hot.js';
export { pack } from './pack.js';
export { padReplicate } from './pad_replicate.js';
export { flatten, reshape } from './reshape.js';
export { resizeBilinear } from './resize_bilinear.js';
export { type SgdOperands, type SgdRule, sgd } from './sgd.js';
export { sliceChannels } from './slice_channels.js';
export { softmax } from './softmax.js';
export { spaceToDepth } from './space_to_depth.js';
export { mean, type SumOptions, sum } from './sum.js';
export type { AbnScale } from './support/abn.js';
export { ALONE } from './support/collective.js';
export type { FusionMode } from './support/fusion.js';
export type { Padding } from './support/padding.js';
export type { PoolOptions } from './support/pooling.js';
export type { Pair, PairOption } from './support/window.js';
export { topkCorrect } from './topk_correct.js';
export { MOST_ROWS, treeSum } from './tree_sum.js';
export { unpack } from './unpack.js';
