export { ResidualBlock, type ResidualOptions } from './blocks/residual.js';
export { ARCHITECTURES, createNetwork } from './create.js';
export { type NetworkOptions, RESNETS, ResNet, type ResNetStructure, type Stem } from './resnet.js';
