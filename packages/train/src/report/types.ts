import type { ProfileReport } from '../profile/step-profile.js';
import type { MetricRecord } from '../run-folder/metrics-log.js';

export type BufferKind = 'activation' | 'gradient' | 'constant' | 'workspace' | 'input';

/** One buffer of the arena. */
export interface MapBuffer {
  name: string;
  /** Module path of the layer it belongs to. */
  path: string;
  kind: BufferKind;
  /** Bytes from the start of the arena. */
  offset: number;
  bytes: number;
  /** Index of the instruction that first writes it. */
  start: number;
  /** Index of the last instruction that uses it. */
  end: number;
  /** Further values that live in the same bytes, each written over the one before. */
  inPlace?: string[];
}

/** Where every buffer of a training step lies, and when. */
export interface MemoryMap {
  arenaBytes: number;
  instructions: { op: string; path: string }[];
  peak: { instruction: number; bytes: number };
  buffers: MapBuffer[];
}

/** Bytes by kind; `activations` with their gradients, at the peak. */
export interface BytesByKind {
  weights: number;
  gradients: number;
  optimizer: number;
  activations: number;
  workspace: number;
}

/** The content of report.html. Sections whose data is absent are left out. */
export interface ReportData {
  title: string;
  /** Name and value of what a reader looks for first: architecture, accuracy, duration, machine … */
  facts: readonly (readonly [name: string, value: string])[];
  metrics?: readonly MetricRecord[];
  /** This network's memory beside the same network with ordinary batch norm; `images` per step. */
  /** IoU of each class in the last validation, per cent; NaN for one that does not occur. */
  classes?: readonly { readonly name: string; readonly iou: number }[];
  memory?: { ours: BytesByKind; ordinary: BytesByKind; images: number };
  memoryMap?: MemoryMap;
  profile?: ProfileReport;
  /** Images that could not be read and were replaced. */
  skipped?: readonly { path: string; reason: string }[];
}
