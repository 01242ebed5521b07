export {
  type AbnFunctionOptions,
  inplaceAbn,
  type RunningStatistics,
} from './functional/abn.js';
export { type AbnSyncFunctionOptions, inplaceAbnSync } from './functional/abn-sync.js';
export { type InitializeOptions, initialState, initialStates, type LinearInit } from './init/initialize.js';
export { activationGain, initializers, type WeightInit } from './init/weights.js';
export * from './losses/index.js';
export {
  type AnyModule,
  EVALUATION,
  listCalled,
  type Mode,
  Module,
  type NamedState,
  parametersIn,
  returnedAt,
  type Signals,
  type StateDefinition,
} from './module.js';
export { ABN, type AbnOptions, InPlaceABN, type NormAct } from './modules/abn.js';
export { type AbnSyncOptions, InPlaceABNSync, setActiveGroup } from './modules/abn-sync.js';
export { ConvTranspose2d, type ConvTranspose2dModuleOptions } from './modules/conv-transpose2d.js';
export { Conv2d, type Conv2dModuleOptions } from './modules/conv2d.js';
export { Dropout, Dropout2d } from './modules/dropout.js';
export { GroupNorm, type GroupNormOptions } from './modules/group-norm.js';
export { Linear } from './modules/linear.js';
export { ModuleList } from './modules/module-list.js';
export { AvgPool2d, GlobalAvgPool2d, MaxPool2d, type PoolOptions } from './modules/pooling.js';
export { Sequential } from './modules/sequential.js';
