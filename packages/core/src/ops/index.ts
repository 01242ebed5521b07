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

/** Every built-in op by name. */
export const ops = {
  abn_apply: abnApplyOp,
  abn_backward_apply: abnBackwardApplyOp,
  abn_backward_reduce: abnBackwardReduceOp,
  abn_backward_weight: abnBackwardWeightOp,
  abn_fold: abnFoldOp,
  abn_merge: abnMergeOp,
  abn_running: abnRunningOp,
  abn_stats: abnStatsOp,
  accumulate: accumulateOp,
  activation: activationOp,
  activation_backward: activationBackwardOp,
  activation_invert: activationInvertOp,
  adam: adamOp,
  add: addOp,
  add_invert: addInvertOp,
  all_gather: allGatherOp,
  all_reduce: allReduceOp,
  all_reduce_start: allReduceStartOp,
  all_reduce_wait: allReduceWaitOp,
  avg_pool: avgPoolOp,
  avg_pool_backward: avgPoolBackwardOp,
  blur_pool: blurPoolOp,
  blur_pool_backward: blurPoolBackwardOp,
  broadcast: broadcastOp,
  broadcast_add: broadcastAddOp,
  broadcast_add_backward: broadcastAddBackwardOp,
  cast: castOp,
  clip_scale: clipScaleOp,
  color_transform: colorTransformOp,
  concat: concatOp,
  confusion: confusionOp,
  constant: constantOp,
  conv2d: conv2dOp,
  conv2d_backward_data: conv2dBackwardDataOp,
  conv2d_backward_weights: conv2dBackwardWeightsOp,
  conv2d_fused: conv2dFusedOp,
  cross_entropy: crossEntropyOp,
  cross_entropy_backward: crossEntropyBackwardOp,
  dropout: dropoutOp,
  elementwise: elementwiseOp,
  flatten: flattenOp,
  fuse_predictions: fusePredictionsOp,
  global_avg_pool: globalAvgPoolOp,
  global_avg_pool_backward: globalAvgPoolBackwardOp,
  group_norm: groupNormOp,
  group_norm_backward: groupNormBackwardOp,
  guard_finite: guardFiniteOp,
  insert_rows: insertRowsOp,
  linear: linearOp,
  linear_backward_data: linearBackwardDataOp,
  linear_backward_weights: linearBackwardWeightsOp,
  literal: literalOp,
  log_softmax: logSoftmaxOp,
  log_softmax_backward: logSoftmaxBackwardOp,
  lovasz_softmax: lovaszSoftmaxOp,
  matmul: matmulOp,
  max_pool: maxPoolOp,
  max_pool_backward: maxPoolBackwardOp,
  mix_images: mixImagesOp,
  one_hot: oneHotOp,
  pack: packOp,
  pad_replicate: padReplicateOp,
  pad_replicate_backward: padReplicateBackwardOp,
  reduce_rows: reduceRowsOp,
  reshape: reshapeOp,
  resize_bilinear: resizeBilinearOp,
  resize_bilinear_backward: resizeBilinearBackwardOp,
  sgd: sgdOp,
  slice_channels: sliceChannelsOp,
  slice_channels_backward: sliceChannelsBackwardOp,
  slice_rows: sliceRowsOp,
  softmax: softmaxOp,
  softmax_backward: softmaxBackwardOp,
  space_to_depth: spaceToDepthOp,
  space_to_depth_backward: spaceToDepthBackwardOp,
  sum: sumOp,
  topk_correct: topkCorrectOp,
  tree_sum: treeSumOp,
  unpack: unpackOp,
};

/** Name of a built-in op. */
export type OpName = keyof typeof ops;

/** The op with a given name, for code that starts from text. Traced code passes definitions to `emit`. */
export function opOf(name: OpName): AnyOp {
  return ops[name];
}
