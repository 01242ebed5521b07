/** Weights from and to other frameworks, and models out. */
export { type Adapted, type AdaptOptions, adaptWeights, imagesGraph } from './convert/adapt.js';
export { LIBRARIES, type Library } from './names/libraries.js';
export { namedAs, namesIn, type OwnNames, ownNames } from './names/names.js';
export { type Filter, type NormInput, normInputsOf } from './norms/inputs.js';
export { NORM_MODES, type NormMode, normsOf, recordedNorms } from './norms/mode.js';
export type { StateTensor, StateTensors } from './norms/scale-channels.js';
export {
  ordinaryNorms,
  type Transfer,
  type TransferOptions,
  transferNorms,
  UnknownOriginError,
} from './norms/transfer.js';
