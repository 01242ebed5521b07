/** Formats alternatives to a simulated step, and what failures cost. */
import type { Failures } from '@inplace-abn/comm';
import { formatBytes } from '@inplace-abn/core';
import { formatDuration } from '@inplace-abn/train';
import type { BucketChoice, ScalingChoices } from './choices.js';
import { formatSeconds } from './format.js';
import type { ScalingReport } from './report.js';

/**
 * Alternatives to a simulated step as lines of text. `holding`: the smallest batch per process with an
 * efficiency of at least `share`; null if none has.
 */
export function formatChoices(
  { local, timeline, bucketBytes }: ScalingReport,
  { topologies, overlapped, buckets }: ScalingChoices,
  share: number,
  holding: number | null,
): string {
  const percent = (seconds: number) => `${((100 * local) / seconds).toFixed(1)} %`;
  const named = Object.entries(topologies).map(
    ([name, seconds]) => `${name} ${formatSeconds(seconds)} (${percent(seconds)})`,
  );
  const goal = `${Math.round(100 * share)} %`;
  const gained = formatSeconds(Math.max(0, timeline.seconds - overlapped));
  return [
    `topologies: ${named.join(', ')}`,
    `gradient sums that end in the next forward pass: ${formatSeconds(overlapped)} (${percent(overlapped)}), ${gained} less`,
    holding === null
      ? `no batch per process reaches ${goal}`
      : `${goal} is reached from batch ${holding} per process`,
    ...bucketLines(buckets, bucketBytes, share),
  ].join('\n');
}

/** Lines about the bucket sizes that reach `share`; none if gradients are not summed in buckets. */
function bucketLines(buckets: readonly BucketChoice[], own: number, share: number): string[] {
  const [first, ...others] = buckets;
  if (!first) return [];
  const goal = `${Math.round(100 * share)} %`;
  const enough = buckets
    .filter(({ efficiency }) => efficiency >= share)
    .map(({ bytes }) => formatBytes(bytes));
  if (enough.length > 0)
    return [
      `${goal} is reached by buckets of ${enough.join(', ')}; the configuration's have ${formatBytes(own)}`,
    ];
  const best = others.reduce((a, b) => (b.seconds < a.seconds ? b : a), first);
  return [
    `no bucket size reaches ${goal}: the best is ${formatBytes(best.bytes)} with ${(100 * best.efficiency).toFixed(1)} %; ` +
      `the configuration's have ${formatBytes(own)}`,
  ];
}

/** The hours of a day that failures cost, as lines of text. */
export function formatFailures(failures: Failures): string {
  const { perDay, usefulHours, lostHours, restartHours, savingHours, bestInterval } = failures;
  const hours = (value: number) => `${value.toFixed(2)} h`;
  return [
    `failures: ${Number(perDay.toPrecision(3))} a day; of 24 h, ${hours(usefulHours)} are kept, ${hours(lostHours)} computed and lost, ${hours(restartHours)} restarting, ${hours(savingHours)} saving`,
    `a checkpoint every ${formatDuration(bestInterval)} would lose least`,
  ].join('\n');
}
