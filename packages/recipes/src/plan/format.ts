/** The text of a plan report. */
import { formatBytes, type PlannedSlice } from '@inplace-abn/core';
import type { BytesByKind } from '@inplace-abn/train';
import { describeCrop } from '../task/images.js';
import type { PlanReport } from './plan-report.js';
import { formatResident } from './resident.js';
import { formatStepTime } from './step-time.js';

const KINDS = ['weights', 'gradients', 'optimizer', 'activations', 'workspace'] as const;

/** A plan report as lines of text; `processes` share the batch. */
export function formatPlan(report: PlanReport, { processes = 1 } = {}): string {
  const { arch, batch, crop, precision, peak, peakAt, ordinary } = report;
  const perImage = (bytes: BytesByKind): string => `${formatBytes(bytes.activations / batch)} per image`;
  const libraries = Object.entries(report.libraries).map(([name, version]) => `${name} ${version}`);
  const share = (report.bytes.activations / ordinary.activations).toFixed(2);
  return [
    [`${arch}, batch ${batch} at ${describeCrop(crop)}, ${precision}`, ...libraries].join('; '),
    '',
    row('', 'this plan', 'ordinary BN'),
    ...KINDS.map((kind) => row(kind, formatBytes(report.bytes[kind]), formatBytes(ordinary[kind]))),
    row('inputs', formatBytes(report.bytes.inputs), ''),
    '',
    `activations with their gradients: ${perImage(report.bytes)}, ordinary BN under PyTorch's rules ${perImage(ordinary)} (share ${share})`,
    `peak: ${formatBytes(peak)} at instruction ${peakAt.instruction}, ${peakAt.op} at ${peakAt.path || '(top)'}`,
    `arena: ${formatBytes(report.arenaBytes)}, ${overhead(report)} above the largest live sum`,
    `in all: ${formatBytes(report.totalBytes)} with weights and optimizer state; saving and loading take ${formatBytes(report.transferBytes)} more`,
    rebuilt(report),
    ...(report.slices.length > 0 ? [joins(report.slices)] : []),
    ...(report.time ? ['', formatStepTime(report.time, batch)] : []),
    ...(report.resident ? ['', formatResident(report.resident, processes)] : []),
    '',
    ...report.layers.map(({ path, op, bytes, inPlace, reason }) => {
      return `${path.padEnd(32)} ${op.padEnd(16)} ${formatBytes(bytes).padStart(9)}  ${inPlace ? 'in place' : `not in place: ${reason}`}`;
    }),
    ...report.slices.filter(({ phase }) => phase === 'forward').map(sliceLine),
  ].join('\n');
}

function rebuilt({ rebuilds: { kept, inverted, recomputed, layers, moreWork } }: PlanReport): string {
  const text = `for the backward pass: ${formatBytes(kept)} kept, ${formatBytes(inverted)} inverted`;
  if (layers.length === 0) return text;
  const again = `${formatBytes(recomputed)} recomputed, which is ${(100 * moreWork).toFixed(1)} % more work`;
  return [
    `${text}, ${again}:`,
    ...layers.map(
      ({ path, op, bytes }) => `  ${path.padEnd(32)} ${op.padEnd(16)} ${formatBytes(bytes).padStart(9)}`,
    ),
  ].join('\n');
}

function joins(slices: readonly PlannedSlice[]): string {
  const sum = (inPlace: boolean): string =>
    formatBytes(
      slices.filter((slice) => slice.inPlace === inPlace).reduce((total, { bytes }) => total + bytes, 0),
    );
  return `joined and cut channels: ${sum(true)} lie in the wider value, ${sum(false)} are copied`;
}

function sliceLine({ path, op, channels: [begin, end], bytes, inPlace, reason }: PlannedSlice): string {
  const what = `channels ${begin} to ${end}`;
  return `${path.padEnd(32)} ${op.padEnd(16)} ${formatBytes(bytes).padStart(9)}  ${what} ${inPlace ? 'in place' : `copied: ${reason}`}`;
}

function row(name: string, ours: string, ordinary: string): string {
  return `${name.padEnd(12)} ${ours.padStart(12)} ${ordinary.padStart(12)}`.trimEnd();
}

function overhead({ arenaBytes, peak }: PlanReport): string {
  return `${(100 * (arenaBytes / peak - 1)).toFixed(2)} %`;
}
