export { ResidualBlock, type ResidualOptions } from './blocks/residual.js';
export { ARCHITECTURES, createNetwork } from './create.js';
export { type NetworkOptions, ResNet, type ResNetStructure, RESNETS, type Stem } from './resnet.js';
