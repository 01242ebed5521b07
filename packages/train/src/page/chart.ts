import { bin, extent, max, mean, min, quantileSorted } from 'd3-array';
import { scaleLinear } from 'd3-scale';
import { area, line } from 'd3-shape';
import { type Color, escapeText, legend, px } from './markup.js';

export interface Point {
  x: number;
  y: number;
}

/** A line of a chart. */
export interface Series {
  /** Its label in the legend. */
  name: string;
  /** Its color, which light and dark mode define. */
  color: Color;
  /** Points in order of x. */
  points: readonly Point[];
  /** Mark each point; for series with few points. */
  dots?: boolean;
}

export interface ChartOptions {
  title: string;
  xLabel: string;
  format: (y: number) => string;
  width?: number;
  height?: number;
}

interface Bucket extends Point {
  low: number;
  high: number;
}

const maxBuckets = 400;

/**
 * Draws series over a common x axis as SVG. Series of more than a few hundred points are averaged in buckets,
 * with a pale band between minimum and maximum. Non-finite points are skipped, and outliers do not set the
 * scale.
 */
export function renderChartSvg(series: readonly Series[], options: ChartOptions): string {
  const { title, xLabel, format, width = 560, height = 300 } = options;
  const [left, right, top, bottom] = [52, width - 24, 34, height - 38];
  const shown = series.map((each) => ({ ...each, buckets: inBuckets(finite(each.points)) }));
  const all = shown.flatMap(({ buckets }) => buckets);
  const [x0 = 0, x1 = 1] = extent(all, (point) => point.x);
  const [y0, y1] = range(all);
  const x = scaleLinear([x0, x1 > x0 ? x1 : x0 + 1], [left, right]);
  const y = scaleLinear([y0, y1], [bottom, top]).nice(5);
  const grid = y.ticks(5).map((tick) => {
    const at = px(y(tick));
    return `<line class="grid" x1="${left}" x2="${right}" y1="${at}" y2="${at}"/><text class="soft" x="${left - 6}" y="${px(y(tick) + 4)}" text-anchor="end">${escapeText(format(tick))}</text>`;
  });
  const ticks = x
    .ticks(6)
    .map(
      (tick) =>
        `<text class="soft" x="${px(x(tick))}" y="${bottom + 16}" text-anchor="middle">${tick}</text>`,
    );
  return [
    `<svg class="chart" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeText(title)}">`,
    `<text class="title" x="${left}" y="18">${escapeText(title)}</text>`,
    legend(shown, { x: right, y: 18, anchor: 'end' }),
    ...grid,
    ...ticks,
    `<text class="soft" x="${(left + right) / 2}" y="${bottom + 33}" text-anchor="middle">${escapeText(xLabel)}</text>`,
    `<svg x="${left - 4}" y="${top - 4}" width="${right - left + 8}" height="${bottom - top + 8}" viewBox="${left - 4} ${top - 4} ${right - left + 8} ${bottom - top + 8}">`,
    ...shown.map(({ buckets, color, dots }) => curve(buckets, color, dots ?? false, x, y)),
    '</svg>',
    '</svg>',
  ].join('\n');
}

type Scale = (value: number) => number;

function curve(buckets: readonly Bucket[], color: string, dots: boolean, x: Scale, y: Scale): string {
  const at = (point: Bucket) => x(point.x);
  const stroke = line<Bucket>(at, (point) => y(point.y)).digits(1)(buckets) ?? '';
  const wide = buckets.some((bucket) => bucket.high > bucket.low);
  const band = area<Bucket>(
    at,
    (point) => y(point.low),
    (point) => y(point.high),
  ).digits(1);
  return [
    wide ? `<path d="${band(buckets)}" fill="var(--${color})" opacity=".18"/>` : '',
    `<path d="${stroke}" fill="none" stroke="var(--${color})" stroke-width="1.6"/>`,
    ...(dots ? buckets.map((point) => dot(point, color, x, y)) : []),
  ].join('');
}

function dot(point: Point, color: string, x: Scale, y: Scale): string {
  return `<circle cx="${px(x(point.x))}" cy="${px(y(point.y))}" r="2.6" fill="var(--${color})"><title>${point.x}: ${Number(point.y.toPrecision(5))}</title></circle>`;
}

function finite(points: readonly Point[]): Point[] {
  return points.filter((point) => Number.isFinite(point.x) && Number.isFinite(point.y));
}

function inBuckets(points: readonly Point[]): Bucket[] {
  if (points.length <= maxBuckets) return points.map(({ x, y }) => ({ x, y, low: y, high: y }));
  const bins = bin<Point, number>()
    .value((point) => point.x)
    .thresholds(maxBuckets)(points);
  return bins
    .filter((bucket) => bucket.length > 0)
    .map((bucket) => ({
      x: mean(bucket, (point) => point.x) ?? 0,
      y: mean(bucket, (point) => point.y) ?? 0,
      low: min(bucket, (point) => point.y) ?? 0,
      high: max(bucket, (point) => point.y) ?? 0,
    }));
}

/** From zero to slightly above nearly all points. */
function range(points: readonly Point[]): [number, number] {
  const sorted = points.map((point) => point.y).sort((a, b) => a - b);
  const typical = quantileSorted(sorted, 0.99) ?? 1;
  const highest = sorted.at(-1) ?? 1;
  const top = highest > 2 * typical && typical > 0 ? 1.2 * typical : highest;
  const bottom = Math.min(0, sorted[0] ?? 0);
  return [bottom, top > bottom ? top : bottom + 1];
}
