export {
  byteLength,
  bytesPerElement,
  channels,
  type DataDType,
  type DType,
  dim,
  dtypeOf,
  elements,
  formatBytes,
  formatType,
  fromBFloat16,
  fromFloat16,
  fromFloat64,
  type HostTensor,
  hasNonFinite,
  isDataDType,
  parseBytes,
  rows,
  type Shape,
  sameShape,
  type TensorType,
  type TypedArray,
  toBFloat16,
  toFloat16,
  toFloat64,
} from '@inplace-abn/tensor';
export { type CompileOptions, compile } from './compile/compile.js';
export { debug } from './debug/ladder.js';
export { processorName } from './devices/arm-cores.js';
export type {
  Device,
  DeviceMemory,
  Executable,
  KernelSpec,
  PreparedKernel,
  Timing,
} from './devices/device.js';
export { KernelChoices, type KernelNames, type UnmetChoice } from './devices/kernel-choices.js';
export {
  availableMemory,
  type LimitOptions,
  type MemoryLimit,
  memoryLimit,
  type NamedLimit,
} from './devices/memory.js';
export { availableProcessors } from './devices/processors.js';
export {
  checkChoice,
  checkNumber,
  checkNumbers,
  checkOptionNames,
  described,
  type ErrorDetails,
  NativeAddonError,
  NotFiniteError,
  type NumberRange,
  ShapeError,
  UsageError,
} from './errors.js';
export { defineOp, type OwnOp, type OwnOperand, type OwnOperandKind } from './host/define-op.js';
export { collectivesOf } from './ir/collectives.js';
export { constantsOf } from './ir/constants.js';
export type {
  AnyOp,
  Attributes,
  Collective,
  Holding,
  KernelFamily,
  OpDefinition,
  PeerKeeps,
  ReferenceTensor,
} from './ir/define.js';
export { type Expression, listing, parseExpression } from './ir/expression.js';
export type {
  Graph,
  GraphNode,
  OutputTypes,
  Phase,
  StateInfo,
  StateKind,
  ValueId,
  ValueInfo,
  WithOutputs,
} from './ir/graph.js';
export { operands, valueInfo } from './ir/graph.js';
export { costOf, operandAt } from './ir/infer.js';
export type { FunctionName } from './ir/scalar-functions.js';
export { formatGraph, formatNode, nodeAt } from './ir/text.js';
export { type OutputsOf, Tracer, trace } from './ir/tracer.js';
export { Value } from './ir/value.js';
export type { NativeGroup } from './native/addon.js';
export { type CpuDevice, cpu, defaultDevice, planningCpu, portableCpu } from './native/cpu.js';
export { AddonDevice } from './native/device.js';
export { type LoadWasmOptions, loadNative, loadWasm, verifyNativeFiles } from './native/load.js';
export { convTranspose2dOp } from './ops/conv_transpose2d.js';
export * from './ops/functions.js';
export { type OpName, opOf, ops } from './ops/index.js';
export { aligned, broadcastShape } from './ops/support/broadcast.js';
export { isRowMajor } from './ops/support/row-major.js';
export type { AliasDecision } from './passes/alias.js';
export { fold } from './passes/fold.js';
export { gradients } from './passes/gradient.js';
export type { ComputeDType } from './passes/precision.js';
export { prune } from './passes/prune.js';
export type { RebuildDecision } from './passes/rebuild.js';
export type { Region } from './passes/region.js';
export { type JoinOptions, joinShards, shardInput } from './passes/shards.js';
export type { SliceDecision } from './passes/slices.js';
export { BudgetError } from './plan/budget.js';
export type { BufferKind, PlanBytes } from './plan/draft.js';
export { largestWithin, type Sized, smallestPlanned } from './plan/largest.js';
export { type PeerBytes, peerBytes } from './plan/peer.js';
export type { Buffer, Plan, PlannedInstruction } from './plan/plan.js';
export {
  diffPlans,
  type LayerChange,
  type PlanDiff,
  type PlanTotals,
  type TotalChange,
} from './plan/views/diff.js';
export { joinedLock, type LockedPart } from './plan/views/joined-lock.js';
export { type PlannedLayer, plannedLayers } from './plan/views/layers.js';
export { type LayerChoice, type PlanLock, planLock, planLockIn, planLockText } from './plan/views/lock.js';
export { type MapBuffer, type MemoryMap, memoryMapOf } from './plan/views/memory-map.js';
export { ordinaryMapOf } from './plan/views/ordinary-map.js';
export { type PlannedRebuilds, plannedRebuilds } from './plan/views/rebuilds.js';
export { type PlannedSlice, plannedSlices } from './plan/views/slices.js';
export { type PredictedTime, predictTime } from './prices/predict.js';
export {
  checkedPrices,
  joinedPrices,
  otherMachine,
  type PricedMachine,
  type PriceEntry,
  type PriceList,
  priceListIn,
  priceListOf,
  priceListText,
  type TimedPlan,
} from './prices/price-list.js';
export { type Price, type PriceSource, Prices } from './prices/prices.js';
export { type Signature, signatureOf } from './prices/signature.js';
export { checkFits, type Fitting } from './program/fits.js';
export {
  type Arrays,
  type OutputArrays,
  Program,
  type RunOptions,
  type RunOutput,
} from './program/program.js';
export { type ProgramOptions, programOf } from './program/program-of.js';
export { Programs } from './program/programs.js';
export { type StateSpec, Store, statesOf } from './program/store.js';
export { workOf } from './recompute/work.js';
export { referenceContext } from './reference/evaluate.js';
export { type AuditOptions, auditInversions, type InversionError } from './run/audit.js';
export { type InputValues, type RunInput, run } from './run/run.js';
export type { StripDecision } from './strips/choose.js';
