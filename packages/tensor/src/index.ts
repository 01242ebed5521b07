export {
  arrayName,
  bytesOf,
  bytesPerElement,
  type DataDType,
  type DType,
  type DTypeArrays,
  dtypeOf,
  HOST_DTYPES,
  type HostDType,
  holds,
  isDataDType,
  isHostDType,
  type TensorArray,
  type TypedArray,
  viewAs,
  zerosOf,
} from './dtype.js';
export { formatBytes, parseBytes } from './format-bytes.js';
export {
  fromBFloat16,
  fromFloat16,
  fromFloat64,
  hasNonFinite,
  toBFloat16,
  toFloat16,
  toFloat64,
} from './half.js';
export {
  type HostTensor,
  type TensorMap,
  type TensorSpec,
  tensorBytes,
  tensorFromBuffer,
  zeros,
} from './host-tensor.js';
export {
  byteLength,
  channels,
  dim,
  elementCount,
  elements,
  formatType,
  rows,
  type Shape,
  sameShape,
  type TensorType,
} from './shape.js';
