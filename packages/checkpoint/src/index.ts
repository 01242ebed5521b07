export {
  bytesPerElement,
  type DTypeArrays,
  elementCount,
  type HostDType,
  type HostTensor,
  type TensorArray,
  type TensorMap,
  type TensorSpec,
  tensorBytes,
  zeros,
} from '@inplace-abn/tensor';
export {
  describedAs,
  descriptionIn,
  type ImageSides,
  type ModelDescription,
  type Preprocessing,
} from './description/description.js';
export { readDescription } from './description/read.js';
export { CheckpointError } from './errors.js';
export {
  type FileContent,
  linkFileAtomic,
  removeStaleTemporaries,
  writeFileAtomic,
} from './files/atomic.js';
export { PIECE_BYTES } from './files/source.js';
export { formatInspection } from './inspect/format.js';
export { type InspectedTensor, type Inspection, inspectCheckpoint } from './inspect/inspect.js';
export { describeOpaque } from './pickle/describe.js';
export { torchOfJson } from './pickle/json.js';
export { Opaque, type TensorRef } from './pickle/objects.js';
export type { TorchDict, TorchTree, TorchValue } from './pickle/value.js';
export { type PublishedModel, publishedModel } from './published/models.js';
export {
  BEST_FILE,
  type CheckpointFile,
  listCheckpoints,
  SUPERSEDED_BEST_FILE,
} from './run-state/folder.js';
export {
  latestRunMeta,
  loadLatest,
  openResumedState,
  type RejectedFile,
  type ResumedRunState,
  type ResumeOptions,
  resumeRunState,
} from './run-state/resume.js';
export {
  type JsonValue,
  loadRunState,
  openRunState,
  RUN_STATE_KIND,
  type RunMeta,
  type RunState,
  readRunMeta,
  saveRunState,
} from './run-state/state.js';
export { RunStateStore, type RunStateStoreOptions, type SavedRunState } from './run-state/store.js';
export { MAX_HEADER_BYTES, type Metadata, type TensorEntry } from './safetensors/header.js';
export { readSafetensors, type SafetensorsContent, SafetensorsFile } from './safetensors/read.js';
export { encodeSafetensors, type WriteOptions, writeSafetensors } from './safetensors/write.js';
export { asFloat32, isConvertible } from './state-dict/convert.js';
export type { CheckpointFormat } from './state-dict/format.js';
export {
  formatDifference,
  isEmptyDifference,
  matchStateDict,
  type StateDictDifference,
  type TensorMismatch,
  type UnmatchedName,
} from './state-dict/match.js';
export { CLASSIFIERS, type ClassCounts, isClassifier, StateDictMismatch } from './state-dict/mismatch.js';
export {
  type LoadedStateDict,
  type OpenStateDict,
  type OpenStateDictOptions,
  openStateDict,
  type ReadStateDictOptions,
  readStateDict,
} from './state-dict/read.js';
export { type TakeOptions, takeStateDict } from './state-dict/take.js';
export { type WriteStateDictOptions, writeStateDict } from './state-dict/write.js';
export {
  isHostTensor,
  piecesOf,
  readContent,
  type TensorContent,
  type TensorContents,
  type TensorStream,
} from './tensor-stream.js';
export type { TorchFormat } from './torch/container.js';
export { readTorch, TorchFile, type TorchReadOptions } from './torch/file.js';
export {
  fromTorchOptimizer,
  type NamedOptimizer,
  type OptimizerGroup,
  type TorchOptimizerForm,
  toTorchOptimizer,
} from './torch/optimizer.js';
export { writeTorch } from './torch/write.js';
