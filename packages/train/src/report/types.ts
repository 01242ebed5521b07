import type { MemoryMap } from '@inplace-abn/core';
import type { ProfileReport } from '../profile/step-profile.js';
import type { MetricRecord } from '../run-folder/metrics-log.js';

/** Bytes by kind, at the peak. `activations` include their gradients. */
export interface BytesByKind {
  /** Parameters and buffers. */
  weights: number;
  /** Gradients of parameters. */
  gradients: number;
  /** Optimizer state. */
  optimizer: number;
  /** Activations and their gradients. */
  activations: number;
  /** Scratch memory of kernels. */
  workspace: number;
}

/** The content of report.html. Sections without data are omitted. */
export interface ReportData {
  /** Heading of the page. */
  title: string;
  /** Key facts as name and value: architecture, accuracy, duration, machine … */
  facts: readonly (readonly [name: string, value: string])[];
  /** Records of `metrics.jsonl`, drawn as curves. */
  metrics?: readonly MetricRecord[];
  /** A measure of each class in the last validation, in percent; NaN for classes that do not occur. */
  byClass?: {
    /** Name of the measure, such as IoU. */
    readonly measure: string;
    /** Classes by id. */
    readonly classes: readonly {
      /** As the page shows it. */
      readonly name: string;
      /** Percent; NaN for a class that does not occur. */
      readonly value: number;
    }[];
  };
  /** Memory of a training step, compared with ordinary batch norm. */
  memory?: {
    /** Bytes of this network. */
    ours: BytesByKind;
    /** Bytes of the same network with ordinary batch norm under PyTorch's buffer rules. */
    ordinary: BytesByKind;
    /** Images of the step. */
    images: number;
  };
  /** Buffers of the training step. */
  memoryMap?: MemoryMap;
  /** Times by op and layer. */
  profile?: ProfileReport;
  /** Unreadable images that were replaced. */
  skipped?: readonly {
    /** The file. */
    path: string;
    /** Why it cannot be read. */
    reason: string;
  }[];
}
