import type { MemoryMap } from '@inplace-abn/core';
import type { ProfileReport } from '../profile/step-profile.js';
import type { MetricRecord } from '../run-folder/metrics-log.js';

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
  /** IoU of each class in the last validation, percent; NaN for one that does not occur. */
  classes?: readonly { readonly name: string; readonly iou: number }[];
  /** This network's memory compared with the same network with ordinary batch norm; `images` per step. */
  memory?: { ours: BytesByKind; ordinary: BytesByKind; images: number };
  memoryMap?: MemoryMap;
  profile?: ProfileReport;
  /** Images that could not be read and were replaced. */
  skipped?: readonly { path: string; reason: string }[];
}
