/** Weights from and to other frameworks, and models out. */
export { type Adapted, type AdaptOptions, adaptWeights, imagesGraph } from './convert/adapt.js';
export {
  type Conversion,
  type ConvertOptions,
  convertWeights,
  type RecognizedNetwork,
  type WeightedNetwork,
} from './convert/convert.js';
export type { Description } from './convert/describe.js';
export { checkFormat, writeConversion } from './convert/write.js';
export { LIBRARIES, type Library } from './names/libraries.js';
export { namedAs, namesIn, type OwnNames, ownNames } from './names/names.js';
export {
  describeNetwork,
  type Recognized,
  type RecognizeOptions,
  recognize,
  type ZooNetwork,
} from './names/recognize.js';
export type { SegmentationParts } from './names/segmentation.js';
export { type Filter, type NormInput, normInputsOf } from './norms/inputs.js';
export { normLayers } from './norms/layers.js';
export { NORM_MODES, type NormMode, normsOf, recordedNorms } from './norms/mode.js';
export type { StateTensor, StateTensors } from './norms/scale-channels.js';
export {
  ordinaryNorms,
  type Transfer,
  type TransferOptions,
  transferNorms,
  UnknownOriginError,
} from './norms/transfer.js';
export {
  exportOnnx,
  type OnnxInput,
  type OnnxMetadata,
  type OnnxOptions,
  onnxModel,
  type TrainedNetwork,
} from './onnx/export.js';
export type {
  OnnxAttribute,
  OnnxAttributes,
  OnnxModel,
  OnnxNode,
  OnnxSignal,
  OnnxTensor,
} from './onnx/model/model.js';
export type { Normalization } from './onnx/preprocessing.js';
export { DYNAMIC_AXES, type DynamicAxis, type SizeRange } from './onnx/traces.js';
export { encodeOnnx, type WriteOnnxOptions, writeOnnx } from './onnx/write.js';
