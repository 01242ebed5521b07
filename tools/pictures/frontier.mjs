// @ts-check
// Draws the frontier of ResNet-50's training step: images a second over bytes, a curve for each batch, from
// plans alone.
// node tools/pictures/frontier.mjs OUT.svg     Times are lower bounds at the limits of one machine of bench/RESULTS.md.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { resnet50 } from './session.mjs';
import { standaloneSvg } from './svg.mjs';

/** Zen 4 in bench/RESULTS.md: the middle of its copy rates, and its float32 products. */
const LIMITS = { bandwidth: 66e9, products: { float32: 224e9 } };
const BATCHES = [4, 8, 16, 32, 64];
/** Shares of the arena without a budget; the curve of a batch ends when no plan fits. */
const SHARES = [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3];
/** Colors of `renderChartSvg`, one for each batch. */
const COLORS = /** @type {const} */ (['constant', 'gradient', 'input', 'activation', 'mark']);
const [WIDTH, HEIGHT] = [900, 400];

/** @typedef {{ batch: number, bytes: number, imagesPerSecond: number, moreWork: number }} Point */

/**
 * Plans of one batch in ever smaller budgets.
 * @param {number} batch
 * @param {readonly number[]} shares
 * @returns {Promise<Point[]>}
 */
export async function pointsOf(batch, shares = SHARES) {
  const { planBound } = await import('../../packages/train/dist/index.js');
  const step = { train: batch };
  const whole = (await resnet50()).plan(step);
  /** @type {Point[]} */
  const points = [];
  for (const share of shares) {
    const budget = Math.floor(whole.bytes - (1 - share) * whole.raw.arenaBytes);
    try {
      const plan = (await resnet50(budget)).plan(step);
      const imagesPerSecond = batch / planBound(plan.raw, LIMITS);
      points.push({ batch, bytes: plan.bytes, imagesPerSecond, moreWork: plan.rebuilt.moreWork });
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ERR_BUDGET')) throw error;
      break;
    }
  }
  return points;
}

async function draw() {
  const { renderChartSvg } = await import('../../packages/train/dist/index.js');
  const series = [];
  for (const [i, batch] of BATCHES.entries()) {
    const points = await pointsOf(batch);
    series.push({
      name: `batch ${batch}`,
      color: COLORS[i] ?? 'activation',
      points: points
        .map(({ bytes, imagesPerSecond }) => ({ x: bytes / 2 ** 30, y: imagesPerSecond }))
        .sort((a, b) => a.x - b.x),
      dots: true,
    });
  }
  const chart = renderChartSvg(series, {
    title: 'ResNet-50, float32: images per second, at most',
    xLabel: 'GiB for weights, optimizer state and arena',
    format: String,
    width: WIDTH,
    height: HEIGHT,
  });
  const title = 'Frontier of a training step: batch, memory and time';
  return standaloneSvg({ width: WIDTH, height: HEIGHT, title }, [chart]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [out] = process.argv.slice(2);
  if (!out) {
    process.stderr.write('usage: node tools/pictures/frontier.mjs OUT.svg\n');
    process.exitCode = 2;
  } else {
    writeFileSync(out, await draw());
  }
}
