/**
 * All built-in ops by name, for tests and the text form. Nodes hold their definition, so compiling needs no
 * lookup.
 */

import type { AnyOp } from '../ir/define.js';
import { abnApplyOp } from './abn_apply.js';
import { abnBackwardApplyOp } from './abn_backward_apply.js';
import { abnBackwardReduceOp } from './abn_backward_reduce.js';
import { abnBackwardWeightOp } from './abn_backward_weight.js';
import { abnFoldOp } from './abn_fold.js';
import { abnMergeOp } from './abn_merge.js';
import { abnRunningOp } from './abn_running.js';
import { abnStatsOp } from './abn_stats.js';
import { accumulateOp } from './accumulate.js';
import { activationOp } from './activation.js';
import { activationBackwardOp } from './activation_backward.js';
import { activationInvertOp } from './activation_invert.js';
import { adamOp } from './adam.js';
import { addOp } from './add.js';
import { addInvertOp } from './add_invert.js';
import { allGatherOp } from './all_gather.js';
import { allReduceOp } from './all_reduce.js';
import { allReduceStartOp } from './all_reduce_start.js';
import { allReduceWaitOp } from './all_reduce_wait.js';
import { avgPoolOp } from './avg_pool.js';
import { avgPoolBackwardOp } from './avg_pool_backward.js';
import { blurPoolOp } from './blur_pool.js';
import { blurPoolBackwardOp } from './blur_pool_backward.js';
import { broadcastOp } from './broadcast.js';
import { broadcastAddOp } from './broadcast_add.js';
import { broadcastAddBackwardOp } from './broadcast_add_backward.js';
import { castOp } from './cast.js';
import { clipScaleOp } from './clip_scale.js';
import { colorTransformOp } from './color_transform.js';
import { concatOp } from './concat.js';
import { confusionOp } from './confusion.js';
import { constantOp } from './constant.js';
import { conv2dOp } from './conv2d.js';
import { conv2dBackwardDataOp } from './conv2d_backward_data.js';
import { conv2dBackwardWeightsOp } from './conv2d_backward_weights.js';
import { conv2dFusedOp } from './conv2d_fused.js';
import { crossEntropyOp } from './cross_entropy.js';
import { crossEntropyBackwardOp } from './cross_entropy_backward.js';
import { dropoutOp } from './dropout.js';
import { elementwiseOp, sumOp } from './elementwise.js';
import { flattenOp } from './flatten.js';
import { fusePredictionsOp } from './fuse_predictions.js';
import { globalAvgPoolOp } from './global_avg_pool.js';
import { globalAvgPoolBackwardOp } from './global_avg_pool_backward.js';
import { groupNormOp } from './group_norm.js';
import { groupNormBackwardOp } from './group_norm_backward.js';
import { guardFiniteOp } from './guard_finite.js';
import { insertRowsOp } from './insert_rows.js';
import { linearOp } from './linear.js';
import { linearBackwardDataOp } from './linear_backward_data.js';
import { linearBackwardWeightsOp } from './linear_backward_weights.js';
import { literalOp } from './literal.js';
import { logSoftmaxOp } from './log_softmax.js';
import { logSoftmaxBackwardOp } from './log_softmax_backward.js';
import { lovaszSoftmaxOp } from './lovasz_softmax.js';
import { matmulOp } from './matmul.js';
import { maxPoolOp } from './max_pool.js';
import { maxPoolBackwardOp } from './max_pool_backward.js';
import { mixImagesOp } from './mix_images.js';
import { oneHotOp } from './one_hot.js';
import { packOp } from './pack.js';
import { padReplicateOp } from './pad_replicate.js';
import { padReplicateBackwardOp } from './pad_replicate_backward.js';
import { reduceRowsOp } from './reduce_rows.js';
import { reshapeOp } from './reshape.js';
import { resizeBilinearOp } from './resize_bilinear.js';
import { resizeBilinearBackwardOp } from './resize_bilinear_backward.js';
import { sgdOp } from './sgd.js';
import { sliceChannelsOp } from './slice_channels.js';
import { sliceChannelsBackwardOp } from './slice_channels_backward.js';
import { sliceRowsOp } from './slice_rows.js';
import { softmaxOp } from './softmax.js';
import { softmaxBackwardOp } from './softmax_backward.js';
import { spaceToDepthOp } from './space_to_depth.js';
import { spaceToDepthBackwardOp } from './space_to_depth_backward.js';
import { topkCorrectOp } from './topk_correct.js';
import { treeSumOp } from './tree_sum.js';
import { unpackOp } from './unpack.js';

/**
 * Every built-in op, by the name that plans and the text form print. The function that emits an op documents
 * its operands.
 */
export const ops = {
  /** Normalization and activation: y = s·(x − μ)/√(σ² + ε) + β, z = φ(y). It may overwrite x. */
  abn_apply: abnApplyOp,
  /** dx of abn_apply from dz and its sums, with x̂ from the saved x or z. */
  abn_backward_apply: abnBackwardApplyOp,
  /** The sums of ABN's backward, Σ dy and Σ dy·x̂: float32[C] each. */
  abn_backward_reduce: abnBackwardReduceOp,
  /** dγ from Σ dy·x̂, negated if s = |γ| + ε and γ < 0. */
  abn_backward_weight: abnBackwardWeightOp,
  /** Folds a normalization with fixed statistics into the weights and bias before it. */
  abn_fold: abnFoldOp,
  /** Mean, biased variance and count over all processes, from those of each. */
  abn_merge: abnMergeOp,
  /** Updates running statistics in place, as `torch.nn.BatchNorm2d`. */
  abn_running: abnRunningOp,
  /** Mean and biased variance of each channel: float32[C] each. */
  abn_stats: abnStatsOp,
  /** In-place running sum: state ← keep·state + factor·value. */
  accumulate: accumulateOp,
  /** z = φ(x), elementwise. */
  activation: activationOp,
  /** dx = φ′·dz, with φ′ from the output z. */
  activation_backward: activationBackwardOp,
  /** y = φ⁻¹(z): rebuilds the input of an activation from its output. */
  activation_invert: activationInvertOp,
  /** One step of `torch.optim.Adam` or AdamW on a parameter, in place. */
  adam: adamOp,
  /** out = φ(a + b): a residual sum with an optional activation. */
  add: addOp,
  /** a = φ⁻¹(out) − b: rebuilds a term of a residual sum from the sum. */
  add_invert: addInvertOp,
  /** x of all processes of a group, in rank order. */
  all_gather: allGatherOp,
  /** Sum of x over the processes of a group. The step waits for it. */
  all_reduce: allReduceOp,
  /** Starts a sum over the processes of a group, which continues in the background. */
  all_reduce_start: allReduceStartOp,
  /** Waits for a sum that all_reduce_start began. */
  all_reduce_wait: allReduceWaitOp,
  /** Average pooling, as `torch.nn.AvgPool2d`. */
  avg_pool: avgPoolOp,
  /** dx of avg_pool: each dy divided among the elements of its window. */
  avg_pool_backward: avgPoolBackwardOp,
  /** Blur with [1, 2, 1] ⊗ [1, 2, 1] / 16 at every second pixel (Zhang 2019). */
  blur_pool: blurPoolOp,
  /** dx of blur_pool. */
  blur_pool_backward: blurPoolBackwardOp,
  /** Sends x of one process to its whole group. */
  broadcast: broadcastOp,
  /** out = φ(a + b), with one b for each image and channel. */
  broadcast_add: broadcastAddOp,
  /** db of broadcast_add: the sum of dout over height and width. */
  broadcast_add_backward: broadcastAddBackwardOp,
  /** x in another data dtype, rounded to nearest even. */
  cast: castOp,
  /** Global L2 norm of gradients, and the factor that clips it. */
  clip_scale: clipScaleOp,
  /** uint8 RGB images to data, with a 3×4 color matrix for each image. */
  color_transform: colorTransformOp,
  /** The inputs joined along the channels (`torch.cat` with dim 1). */
  concat: concatOp,
  /** Counts of each pair of label and predicted class. */
  confusion: confusionOp,
  /** A tensor of one value. */
  constant: constantOp,
  /** y = w ⋆ x + b, as `torch.nn.Conv2d`. */
  conv2d: conv2dOp,
  /** dx of conv2d; also the forward pass of a transposed convolution. */
  conv2d_backward_data: conv2dBackwardDataOp,
  /** dw of conv2d. */
  conv2d_backward_weights: conv2dBackwardWeightsOp,
  /** out = φ(w ⋆ x + b + addend), in one pass. Inference only. */
  conv2d_fused: conv2dFusedOp,
  /** Softmax cross entropy, averaged over the rows that are not ignored. */
  cross_entropy: crossEntropyOp,
  /** dlogits of cross_entropy; zero in ignored rows. */
  cross_entropy_backward: crossEntropyBackwardOp,
  /** Zeroes elements or channels with probability p, from a hash instead of a stored mask. */
  dropout: dropoutOp,
  /** out = f(x0, x1, …) for an expression f; see {@link Expression}. */
  elementwise: elementwiseOp,
  /** Images to rows in PyTorch's element order, or back. */
  flatten: flattenOp,
  /** Resizes logits of several scales to the image, and fuses their softmaxes. */
  fuse_predictions: fusePredictionsOp,
  /** Mean over height and width: [N,C,H,W] → [N,C]. */
  global_avg_pool: globalAvgPoolOp,
  /** dx of global_avg_pool: dy/(H·W) at every pixel. */
  global_avg_pool_backward: globalAvgPoolBackwardOp,
  /** Normalization of groups of channels of each image, as `torch.nn.GroupNorm`. */
  group_norm: groupNormOp,
  /** dx, dγ and dβ of group_norm. */
  group_norm_backward: groupNormBackwardOp,
  /** Stops the step before any update if a value is NaN or infinite. */
  guard_finite: guardFiniteOp,
  /** Writes a strip of rows into an image, or into zeros. */
  insert_rows: insertRowsOp,
  /** y = x·wᵀ + b, as `torch.nn.Linear`. */
  linear: linearOp,
  /** dx = dy·w. */
  linear_backward_data: linearBackwardDataOp,
  /** dw = dyᵀ·x. */
  linear_backward_weights: linearBackwardWeightsOp,
  /** A vector of numbers known at trace time, such as class weights. */
  literal: literalOp,
  /** y = x − log Σ exp(x) over the channels. */
  log_softmax: logSoftmaxOp,
  /** dx = dy − exp(y)·Σ dy, from the output y. */
  log_softmax_backward: logSoftmaxBackwardOp,
  /** Lovász-softmax loss and its gradient (Berman et al. 2018, algorithm 1). */
  lovasz_softmax: lovaszSoftmaxOp,
  /** c = a·b for matrices or batches of matrices, as `torch.matmul`. */
  matmul: matmulOp,
  /** Max pooling, with the index of each maximum in its window. */
  max_pool: maxPoolOp,
  /** dx of max_pool: each dy at the index of its maximum. */
  max_pool_backward: maxPoolBackwardOp,
  /** Mixes pairs of images, for mixup and CutMix. */
  mix_images: mixImagesOp,
  /** Labels as targets with one channel per class. */
  one_hot: oneHotOp,
  /** Tensors in one flat vector, so that one message carries them all. */
  pack: packOp,
  /** Repeats the border of images, as `torch.nn.functional.pad` with mode `replicate`. */
  pad_replicate: padReplicateOp,
  /** dx of pad_replicate. */
  pad_replicate_backward: padReplicateBackwardOp,
  /** Σ dy over all axes except the channels: the gradient of a bias. */
  reduce_rows: reduceRowsOp,
  /** y = x with another shape and the same order of elements in memory. */
  reshape: reshapeOp,
  /** Bilinear resizing with half-pixel centers, as `torch.nn.functional.interpolate`. */
  resize_bilinear: resizeBilinearOp,
  /** dx of resize_bilinear. */
  resize_bilinear_backward: resizeBilinearBackwardOp,
  /** One step of `torch.optim.SGD` on a parameter, in place. */
  sgd: sgdOp,
  /** Channels [begin, begin + length) of x. */
  slice_channels: sliceChannelsOp,
  /** dx of slice_channels: zero outside the range. */
  slice_channels_backward: sliceChannelsBackwardOp,
  /** Rows [begin, begin + length) of each image. */
  slice_rows: sliceRowsOp,
  /** y = exp(x) / Σ exp(x) over the channels. */
  softmax: softmaxOp,
  /** dx = y·(dy − Σ dy·y), from the output y. */
  softmax_backward: softmaxBackwardOp,
  /** Moves blocks of pixels into the channels. */
  space_to_depth: spaceToDepthOp,
  /** dx of space_to_depth. */
  space_to_depth_backward: spaceToDepthBackwardOp,
  /** Sum of the values of an expression, which are not stored. */
  sum: sumOp,
  /** Number of rows whose label is among the k largest logits, for each k. */
  topk_correct: topkCorrectOp,
  /** Sum of the rows of x in a balanced tree. Its bits do not depend on how the rows are grouped. */
  tree_sum: treeSumOp,
  /** The tensors in a flat vector, as views if possible. */
  unpack: unpackOp,
};

/** Name of a built-in op. */
export type OpName = keyof typeof ops;

/**
 * The op with a given name, for code that starts from text. Traced code passes the definition itself to
 * `emit`.
 */
export function opOf(name: OpName): AnyOp {
  return ops[name];
}
