/** The text of a simulated step. */
import { builtTopology, type Link } from '@inplace-abn/comm';
import { formatBytes } from '@inplace-abn/core';
import type { ScalingReport } from './report.js';

/** A simulated step as lines of text. */
export function formatScaling(report: ScalingReport): string {
  const { arch, precision, batch, cluster, processes, timeline, efficiency, summedBytes, source } = report;
  const { seconds, computing, exchanging, waiting, exchanges, sums } = timeline;
  const hidden = sums.reduce((sum, { begin, end }) => sum + end - begin, 0) - waiting;
  return [
    `${arch}, ${precision}, batch ${batch} on each of ${processes} processes: ${batch * processes} images a step`,
    `${placesOf(cluster)}; ${builtTopology(cluster)}${linksOf(cluster)}`,
    `times of instructions: ${source}`,
    '',
    row('step', seconds),
    row('computing', computing),
    row('exchanging', exchanging, `${exchanges} exchanges that the computation waits for`),
    row(
      'waiting',
      waiting,
      `for the last of ${sums.length} sums; ${formatSeconds(Math.max(0, hidden))} of them overlap`,
    ),
    row('alone', report.local, 'a single process on the same number of images'),
    '',
    `efficiency ${(100 * efficiency).toFixed(1)} %, ${report.throughput.toFixed(report.throughput < 100 ? 1 : 0)} images/s`,
    `${formatBytes(summedBytes)} summed over processes; each needs ${formatBytes(report.processBytes)} of memory`,
  ].join('\n');
}

function placesOf({ nodes, perNode }: ScalingReport['cluster']): string {
  return `${nodes} node${nodes > 1 ? 's' : ''} of ${perNode} process${perNode > 1 ? 'es' : ''}`;
}

function linksOf({ nodes, perNode, between, within }: ScalingReport['cluster']): string {
  const links = [
    ...(nodes > 1 ? [`${formatLink(between)} between nodes`] : []),
    ...(perNode > 1 ? [`${formatLink(within)} within`] : []),
  ];
  return links.map((text) => `, ${text}`).join('');
}

function formatLink({ bandwidth, latency }: Link): string {
  return `${formatRate(8 * bandwidth)}bit/s and ${formatSeconds(latency)}`;
}

function row(name: string, seconds: number, remark = ''): string {
  return `${name.padEnd(12)} ${formatSeconds(seconds).padStart(10)}  ${remark}`.trimEnd();
}

const PREFIXES: readonly (readonly [number, string])[] = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
];

/** With three digits and a prefix of powers of 1000, such as `100 G`. */
export function formatRate(value: number): string {
  const [size, prefix] = PREFIXES.find(([least]) => value >= least) ?? [1, ''];
  return `${Number((value / size).toPrecision(3))} ${prefix}`;
}

/** With three digits: `12.3 ms`, `5 µs`, `2.5 s`. */
export function formatSeconds(seconds: number): string {
  const [unit, factor] = seconds >= 1 ? ['s', 1] : seconds >= 1e-3 ? ['ms', 1e3] : ['µs', 1e6];
  return `${Number((seconds * Number(factor)).toPrecision(3))} ${unit}`;
}
