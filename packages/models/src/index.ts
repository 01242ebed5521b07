export type { BlockOptions } from './blocks/channels.js';
export { DenseModule, type DenseOptions } from './blocks/dense.js';
export { IdentityBlock } from './blocks/identity.js';
export { ResidualBlock } from './blocks/residual.js';
export { SqueezeExcitation } from './blocks/squeeze-excitation.js';
export {
  type AnyNetworkOptions,
  ARCHITECTURES,
  type Architecture,
  type ArchitectureOptions,
  createNetwork,
  dilationFor,
  type NetworkOption,
  takesOption,
} from './create.js';
export { DeepLabV3, type DeepLabV3Options } from './deeplabv3.js';
export { DENSENETS, type DenseNetOptions, type DenseNetStructure, densenet } from './densenet.js';
export { Network, type NetworkOptions, type Stem } from './network.js';
export { RESNETS, type ResNetOptions, type ResNetStructure, resnet } from './resnet.js';
export { RESNEXTS, type ResNeXtOptions, type ResNeXtStructure, resnext } from './resnext.js';
export { SegmentationNetwork, type SegmentationOptions, segmentationNetwork } from './segmentation.js';
export { TRESNETS, type TResNetOptions, type TResNetStructure, tresnet } from './tresnet.js';
export {
  WIDER_RESNETS,
  WIDER_RESNETS_A2,
  type WiderResNetA2Options,
  type WiderResNetStructure,
  widerResNet,
  widerResNetA2,
} from './wider-resnet.js';
