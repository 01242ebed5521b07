/** The trade-off between batch size and byte budget of a configuration, from plans alone. */
import { alignColumns } from '@inplace-abn/cli';
import { BudgetError, type Device, formatBytes } from '@inplace-abn/core';
import { planReport, type TrainConfig } from '@inplace-abn/recipes';
import {
  escapeText,
  type MachineLimits,
  planBound,
  renderChartSvg,
  renderPage,
  type Series,
} from '@inplace-abn/train';

export interface SweepPoint {
  readonly batch: number;
  /**
   * Limit for weights, optimizer state and arena in bytes; the first is what the plan takes without a budget.
   */
  readonly budget: number;
  /** Bytes of the plan. */
  readonly bytes: number;
  /** Largest sum of live bytes in the arena. */
  readonly peak: number;
  /** Work of recomputation, as a share of all other work. */
  readonly moreWork: number;
  /** Seconds of a step at the machine's limits, a lower bound. */
  readonly seconds: number;
}

export interface Sweep {
  readonly arch: string;
  readonly precision: string;
  readonly points: readonly SweepPoint[];
}

/** Factors on the configured batch. */
const BATCHES = [0.25, 0.5, 1, 2, 4];
/**
 * Factors on the arena of a step without a budget. After the first one that no plan fits, the others are
 * skipped.
 */
const SHARES = [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3];

/** Plans the configuration for several batches, each with smaller and smaller budgets. */
export function sweep(
  config: TrainConfig,
  device: Device,
  limits: MachineLimits,
  batches?: readonly number[],
): Sweep {
  const { optimizer, deterministic_world: shards } = config;
  // At least one image for every shard of every part.
  const least = optimizer.accumulate * Math.max(1, shards);
  const chosen = batches ?? BATCHES.map((share) => Math.max(least, Math.round(share * optimizer.batch_size)));
  const points = [...new Set(chosen)].flatMap((batch) => pointsOf(config, batch, device, limits));
  return { arch: config.network.arch, precision: config.network.precision, points };
}

function pointsOf(config: TrainConfig, batch: number, device: Device, limits: MachineLimits): SweepPoint[] {
  const points: SweepPoint[] = [];
  const whole = planReport({ ...config, memory_budget: -1 }, batch, device).report;
  for (const share of SHARES) {
    const budget = Math.floor(whole.totalBytes - (1 - share) * whole.arenaBytes);
    try {
      const { report, plan } = planReport({ ...config, memory_budget: budget }, batch, device);
      const { totalBytes: bytes, peak, rebuilds } = report;
      points.push({
        batch,
        budget,
        bytes,
        peak,
        moreWork: rebuilds.moreWork,
        seconds: planBound(plan, limits),
      });
    } catch (error) {
      if (!(error instanceof BudgetError)) throw error;
      break;
    }
  }
  return points;
}

const HEAD = ['batch', 'budget', 'takes', 'peak', 'more work', 's/step', 'images/s', ''];
const BAR = 30;

/** One line per point; the bar is images per second relative to the fastest. */
export function formatSweep({ arch, precision, points }: Sweep): string {
  const rate = ({ batch, seconds }: SweepPoint) => batch / seconds;
  const best = Math.max(...points.map(rate));
  const rows = points.map((point) => [
    String(point.batch),
    formatBytes(point.budget),
    formatBytes(point.bytes),
    formatBytes(point.peak),
    `${(100 * point.moreWork).toFixed(1)} %`,
    point.seconds.toPrecision(3),
    rate(point).toPrecision(3),
    '█'.repeat(Math.round((BAR * rate(point)) / best)),
  ]);
  const lines = alignColumns([HEAD, ...rows], (column) => column < HEAD.length - 1);
  return [
    `${arch}, ${precision}: batches and budgets (weights, optimizer state and arena); times at the machine's limits`,
    ...lines.map((line) => line.join('  ').trimEnd()),
  ].join('\n');
}

/** At least as many colors as {@link BATCHES}. */
const COLORS = ['activation', 'gradient', 'input', 'constant', 'mark', 'workspace'] as const;

/** The same as an HTML page: images per second over bytes, one curve per batch. */
export function renderSweep(result: Sweep): string {
  const batches = [...new Set(result.points.map(({ batch }) => batch))];
  const series = batches.map(
    (batch, i): Series => ({
      name: `batch ${batch}`,
      color: COLORS[i % COLORS.length] ?? 'activation',
      points: result.points
        .filter((point) => point.batch === batch)
        .map(({ bytes, seconds }) => ({ x: bytes / 2 ** 20, y: batch / seconds }))
        .sort((a, b) => a.x - b.x),
      dots: true,
    }),
  );
  const title = `${result.arch}, ${result.precision}: what memory costs`;
  const chart = renderChartSvg(series, {
    title: "Images a second at the machine's limits",
    xLabel: 'MiB for weights, optimizer state and arena',
    format: String,
    width: 900,
    height: 420,
  });
  return renderPage(title, [
    `<div class="charts">${chart}</div>`,
    `<pre>${escapeText(formatSweep(result))}</pre>`,
  ]);
}
