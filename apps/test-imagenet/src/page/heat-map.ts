/** The confusion matrix of many classes as a small image. */
import { encode } from 'fast-png';
import type { TestResult } from '../evaluation/result.js';

/** Cells per side; beyond that, classes share cells. */
const LARGEST = 400;
/** Pixels per side on the page. */
const SIDE = 800;

/** Colors for light and dark mode; the fraction of the row is the opacity. */
const RIGHT = [47, 111, 194] as const;
const WRONG = [217, 120, 45] as const;

export interface HeatMapPixels {
  /** Cells per side, and classes per cell in each direction. */
  readonly cells: number;
  readonly classesPerCell: number;
  /** RGBA, row-major. */
  readonly data: Uint8Array;
}

/** Rows are true classes, columns predictions; a cell shows its fraction of the row's images. */
export function heatMapPixels({
  classes,
  confusion,
}: Pick<TestResult, 'classes' | 'confusion'>): HeatMapPixels {
  const classesPerCell = Math.ceil(classes.length / LARGEST);
  const cells = Math.ceil(classes.length / classesPerCell);
  const cellOf = (label: number) => Math.floor(label / classesPerCell);
  const [right, wrong] = [new Float64Array(cells * cells), new Float64Array(cells * cells)];
  const images = new Float64Array(cells);
  for (const { label, images: count } of classes)
    images[cellOf(label)] = (images[cellOf(label)] ?? 0) + count;
  for (const { label, predicted, count } of confusion) {
    const counts = label === predicted ? right : wrong;
    const cell = cellOf(label) * cells + cellOf(predicted);
    counts[cell] = (counts[cell] ?? 0) + count;
  }
  const data = new Uint8Array(4 * cells * cells);
  for (let cell = 0; cell < cells * cells; cell++) {
    const [rightly, wrongly] = [right[cell] ?? 0, wrong[cell] ?? 0];
    if (rightly + wrongly === 0) continue;
    const share = (rightly + wrongly) / (images[Math.floor(cell / cells)] ?? 1);
    // Diagonal cells may mix right and wrong predictions; the majority gives the color.
    data.set(rightly > wrongly ? RIGHT : WRONG, 4 * cell);
    // The square root keeps single images visible.
    data[4 * cell + 3] = Math.round(255 * (0.15 + 0.85 * Math.sqrt(share)));
  }
  return { cells, classesPerCell, data };
}

/** The heat map as an embedded image. */
export function heatMap(result: TestResult): string {
  const { cells, classesPerCell, data } = heatMapPixels(result);
  const png = encode({ width: cells, height: cells, channels: 4, depth: 8, data });
  const side = cells * Math.max(1, Math.floor(SIDE / cells));
  const shared = classesPerCell > 1 ? ` Each cell covers ${classesPerCell}×${classesPerCell} classes.` : '';
  return `<img class="heat" width="${side}" height="${side}" alt="Confusion matrix of ${result.classes.length} classes" src="data:image/png;base64,${Buffer.from(png).toString('base64')}">
<p class="soft">${result.classes.length} classes in the order of the outputs.${shared}</p>`;
}
