export { balancedWeights } from './balanced-weights.js';
export { type BceOptions, bceTerms, bceWithLogits } from './bce.js';
export {
  type CrossEntropyOptions,
  crossEntropy,
  type SoftCrossEntropyOptions,
  smoothed,
  softCrossEntropy,
} from './cross-entropy.js';
export { type DiceOptions, dice } from './dice.js';
export { type DistillationOptions, type DistillationTarget, distillation } from './distillation.js';
export { type FocalOptions, focal, focalTerms } from './focal.js';
export type { Loss, LossFunction, Per } from './loss.js';
export { type LovaszSoftmaxOptions, lovaszSoftmax } from './lovasz-softmax.js';
export { type HuberOptions, huber, l1, mse } from './regression.js';
