export { CheckpointError } from './errors.js';
export { type FileContent, linkFileAtomic, removeStaleTemporaries, writeFileAtomic } from './files/atomic.js';
export { BEST_FILE, type CheckpointFile, listCheckpoints } from './run-state/folder.js';
export {
  loadLatest,
  type RejectedFile,
  type ResumedRunState,
  type ResumeOptions,
  resumeRunState,
} from './run-state/resume.js';
export {
  type JsonValue,
  loadRunState,
  type RunMeta,
  type RunState,
  saveRunState,
} from './run-state/state.js';
export { RunStateStore, type RunStateStoreOptions, type SavedRunState } from './run-state/store.js';
export { MAX_HEADER_BYTES, type Metadata, type TensorEntry } from './safetensors/header.js';
export { readSafetensors, type SafetensorsContent, SafetensorsFile } from './safetensors/read.js';
export { encodeSafetensors, type WriteOptions, writeSafetensors } from './safetensors/write.js';
export {
  formatDifference,
  isEmptyDifference,
  matchStateDict,
  type StateDictDifference,
  type TensorMismatch,
  type UnmatchedName,
} from './state-dict/match.js';
export { takeStateDict } from './state-dict/take.js';
export {
  checkTensor,
  type Dtype,
  type DtypeArrays,
  dtypeSize,
  elementCount,
  type TensorArray,
  type TensorData,
  type TensorMap,
  type TensorSpec,
  tensorBytes,
  zeros,
} from './tensor-data.js';
