/**
 * A table of one device's memory when a batch is split over several, with this plan and with ordinary batch
 * norm.
 */
import { alignColumns } from '@inplace-abn/cli';
import { type Device, UsageError } from '@inplace-abn/core';
import { type PlanReport, planReport, type TrainConfig } from '@inplace-abn/recipes';
import type { BytesByKind } from '@inplace-abn/train';

export interface PlanRow {
  /** Name of the configuration. */
  readonly name: string;
  readonly devices: number;
  readonly report: PlanReport;
}

/**
 * Plans a training step of one device for each number of devices, with a batch of `optimizer.batch_size` /
 * devices or, with shards, the shards that the device holds. Without shards, buffers for exchanges are left
 * out, including those of gradients.
 *
 * @throws {UsageError} if the batch is not divisible by a number of devices
 */
export function planPerDevice(
  name: string,
  config: TrainConfig,
  devices: readonly number[],
  device: Device,
): PlanRow[] {
  const { batch_size: batch } = config.optimizer;
  const odd = devices.find((count) => batch % count !== 0);
  if (odd !== undefined) {
    throw new UsageError(
      `${name}: optimizer.batch_size ${batch} is not divisible by ${odd} devices: choose another number of devices`,
    );
  }
  const sharing = (count: number) => (config.deterministic_world > 0 ? { processes: count } : undefined);
  return devices.map((count) => ({
    name,
    devices: count,
    report: planReport(config, batch / count, device, sharing(count)).report,
  }));
}

const HEADER = [
  'configuration',
  'devices',
  'batch each',
  'weights',
  'optimizer',
  'gradients',
  '(ordinary)',
  'activations',
  '(ordinary)',
  'share',
  'workspace',
  'in all',
  '(ordinary)',
];

/** Formats the table with sizes in MiB, as Markdown or as aligned text. */
export function formatPlanTable(rows: readonly PlanRow[], { markdown = false } = {}): string {
  const aligned = alignColumns([HEADER, ...rows.map(cellsOf)], (column) => column > 0);
  if (!markdown) return ['sizes in MiB', ...aligned.map((row) => row.join('  '))].join('\n');
  const [header = [], ...body] = aligned;
  const rule = header.map(({ length }, i) => (i === 0 ? '-'.repeat(length) : `${'-'.repeat(length - 1)}:`));
  return [header, rule, ...body].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function cellsOf({ name, devices, report }: PlanRow): string[] {
  const { bytes, ordinary, batch, totalBytes } = report;
  return [
    name,
    String(devices),
    String(batch),
    mebibytes(bytes.weights),
    mebibytes(bytes.optimizer),
    mebibytes(bytes.gradients),
    mebibytes(ordinary.gradients),
    mebibytes(bytes.activations),
    mebibytes(ordinary.activations),
    (bytes.activations / ordinary.activations).toFixed(2),
    mebibytes(bytes.workspace),
    mebibytes(totalBytes),
    mebibytes(sum(ordinary)),
  ];
}

function sum({ weights, gradients, optimizer, activations, workspace }: BytesByKind): number {
  return weights + gradients + optimizer + activations + workspace;
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}
