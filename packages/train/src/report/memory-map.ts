import type { BufferKind, MapBuffer, MemoryMap } from '@inplace-abn/core';
import { formatBytes } from '@inplace-abn/tensor';
import { scaleLinear } from 'd3-scale';
import { escapeText, legend, palette, px } from '../page/markup.js';

/** Options of drawing a memory map. */
export interface MemoryMapOptions {
  /** Pixels; default 1000. */
  width?: number;
  /** Pixels; default 480. */
  height?: number;
  /**
   * Caption of a map that is shown with others. Such a map has no tooltips and does not name the peak's
   * layer.
   */
  title?: string;
  /**
   * Bytes at the top of the y axis, at least the arena; default the arena. Equal in maps that are compared.
   */
  scaleBytes?: number;
}

interface Frame {
  left: number;
  right: number;
  top: number;
  bottom: number;
  x: (instruction: number) => number;
  y: (bytes: number) => number;
  xTicks: number[];
  yTicks: number[];
}

const kinds: readonly { kind: BufferKind; label: string }[] = [
  { kind: 'activation', label: 'activations' },
  { kind: 'gradient', label: 'gradients of weights' },
  { kind: 'constant', label: 'prepared weights' },
  { kind: 'workspace', label: 'workspace' },
  { kind: 'input', label: 'input' },
];

/**
 * Draws the arena of a training step as a self-contained SVG: instructions on the x axis, arena offset on the
 * y axis, one rectangle per buffer from its first write to its last use. Hovering shows its name; a dashed
 * line marks the peak.
 *
 * @throws RangeError if a buffer lies outside the arena or the program
 */
export function renderMemoryMapSvg(map: MemoryMap, options: MemoryMapOptions = {}): string {
  const width = options.width ?? 1000;
  const height = options.height ?? 480;
  map.buffers.forEach((buffer) => {
    check(buffer, map);
  });
  const frame = makeFrame(map, width, height, options.scaleBytes ?? 0);
  const summary = `Memory map: ${map.buffers.length} buffers in an arena of ${formatBytes(map.arenaBytes)} over ${map.instructions.length} instructions`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="memory-map" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeText(summary)}">`,
    `<style>${styles()}</style>`,
    `<rect class="paper" width="${width}" height="${height}"/>`,
    head(map, frame),
    axes(frame, options.title ?? 'instruction'),
    ...kinds.map(({ kind }) => group(kind, map, frame, options.title === undefined)),
    peak(map, frame, options.title === undefined),
    '</svg>',
  ].join('\n');
}

function styles(): string {
  return [
    palette('.memory-map'),
    '.memory-map{font:12px system-ui,sans-serif;max-width:100%;height:auto}',
    '.memory-map text{fill:var(--ink)}.memory-map .soft{fill:var(--soft)}.memory-map .paper{fill:var(--paper)}',
    '.memory-map .grid{stroke:var(--line);stroke-width:.5}',
    '.memory-map g.b rect{stroke:var(--paper);stroke-width:.6}.memory-map g.b rect.t{stroke:none}',
    '.memory-map g.b rect:hover{stroke:var(--ink);stroke-width:1.5}',
    '.memory-map line.peak{stroke:var(--ink);stroke-width:1.2;stroke-dasharray:4 3}.memory-map text.peak{fill:var(--mark)}',
    ...kinds.map(({ kind }) => `.memory-map .${kind}{fill:var(--${kind})}`),
  ].join('');
}

function makeFrame(map: MemoryMap, width: number, height: number, scaleBytes: number): Frame {
  const [left, right, top, bottom] = [64, width - 16, 52, height - 40];
  const x = scaleLinear([0, Math.max(1, map.instructions.length)], [left, right]);
  const bytes = Math.max(1, map.arenaBytes, scaleBytes);
  const y = scaleLinear([0, bytes], [bottom, top]);
  // Round numbers in the unit that labels use.
  const unit = 1024 ** Math.floor(Math.log2(bytes) / 10);
  const yTicks = scaleLinear([0, bytes / unit], [bottom, top])
    .ticks(6)
    .map((tick) => tick * unit);
  return { left, right, top, bottom, x, y, xTicks: x.ticks(8).filter(Number.isInteger), yTicks };
}

function head(map: MemoryMap, { left, right }: Frame): string {
  const present = kinds.filter(({ kind }) => map.buffers.some((buffer) => buffer.kind === kind));
  const entries = present.map(({ kind, label }) => ({ name: label, color: kind }));
  const arena = `<text class="soft" x="${right}" y="20" text-anchor="end">arena ${formatBytes(map.arenaBytes)}</text>`;
  return `${legend(entries, { x: left, y: 20, anchor: 'start' })}${arena}`;
}

function axes({ left, right, top, bottom, x, y, xTicks, yTicks }: Frame, name: string): string {
  const rows = yTicks.map(
    (bytes) =>
      `<line class="grid" x1="${left}" x2="${right}" y1="${px(y(bytes))}" y2="${px(y(bytes))}"/><text class="soft" x="${left - 6}" y="${px(y(bytes) + 4)}" text-anchor="end">${formatBytes(bytes)}</text>`,
  );
  const columns = xTicks.map(
    (index) =>
      `<text class="soft" x="${px(x(index))}" y="${bottom + 16}" text-anchor="middle">${index}</text>`,
  );
  const caption = `<text class="soft" x="${px((left + right) / 2)}" y="${bottom + 33}" text-anchor="middle">${escapeText(name)}</text>`;
  const border = `<line class="grid" x1="${left}" x2="${right}" y1="${top}" y2="${top}"/>`;
  return [...rows, border, ...columns, caption].join('');
}

function group(kind: BufferKind, map: MemoryMap, frame: Frame, tooltips: boolean): string {
  const rectangles = map.buffers
    .filter((buffer) => buffer.kind === kind && buffer.bytes > 0)
    .map((buffer) => rectangle(buffer, frame, tooltips ? describe(buffer, map) : ''));
  return rectangles.length === 0 ? '' : `<g class="b ${kind}">\n${rectangles.join('\n')}\n</g>`;
}

function rectangle(buffer: MapBuffer, { x, y }: Frame, tooltip: string): string {
  const [left, top] = [x(buffer.start), y(buffer.offset + buffer.bytes)];
  // At least a quarter pixel wide, so that even a statistic of a few bytes can be seen and hovered.
  const width = Math.max(0.25, x(buffer.end + 1) - left);
  const height = Math.max(0.25, y(buffer.offset) - top);
  const tiny = width < 2 || height < 2 ? ' class="t"' : '';
  const place = `x="${px(left)}" y="${px(top)}" width="${fine(width)}" height="${fine(height)}"`;
  return tooltip
    ? `<rect${tiny} ${place}><title>${escapeText(tooltip)}</title></rect>`
    : `<rect${tiny} ${place}/>`;
}

function describe(buffer: MapBuffer, map: MemoryMap): string {
  const { name, path, bytes, start, end, offset, inPlace } = buffer;
  const lines = [
    `${name} in ${path || 'the network'}: ${buffer.kind}, ${formatBytes(bytes)} at ${offset}`,
    `live ${start} (${instructionName(map, start)}) to ${end} (${instructionName(map, end)})`,
  ];
  if (inPlace && inPlace.length > 0) lines.push(`in place: ${inPlace.join(', ')}`);
  return lines.join('\n');
}

function peak(map: MemoryMap, { left, right, top, bottom, x }: Frame, layer: boolean): string {
  if (map.instructions.length === 0) return '';
  const at = x(map.peak.instruction + 0.5);
  const where = layer ? ` (${instructionName(map, map.peak.instruction)})` : '';
  const text = `peak ${formatBytes(map.peak.bytes)} at ${map.peak.instruction}${where}`;
  const rightHalf = at > (left + right) / 2;
  return `<line class="peak" x1="${px(at)}" x2="${px(at)}" y1="${top - 14}" y2="${bottom}"/><text class="peak" x="${px(at + (rightHalf ? -5 : 5))}" y="${top - 6}" text-anchor="${rightHalf ? 'end' : 'start'}">${escapeText(text)}</text>`;
}

function instructionName(map: MemoryMap, index: number): string {
  const instruction = map.instructions[index];
  if (instruction === undefined) return '?';
  return instruction.path ? `${instruction.op} ${instruction.path}` : instruction.op;
}

function check(buffer: MapBuffer, map: MemoryMap): void {
  const { name, path, offset, bytes, start, end } = buffer;
  if (!(offset >= 0 && bytes >= 0 && offset + bytes <= map.arenaBytes)) {
    throw new RangeError(
      `memory map: buffer ${name} of ${path} lies at ${offset} to ${offset + bytes}, outside the arena of ${map.arenaBytes} bytes`,
    );
  }
  if (!(start >= 0 && start <= end && end < map.instructions.length)) {
    throw new RangeError(
      `memory map: buffer ${name} of ${path} lives from ${start} to ${end}, outside the ${map.instructions.length} instructions`,
    );
  }
}

/** Two decimals, since sizes go below the tenth that positions are rounded to. */
function fine(value: number): string {
  return String(Math.round(value * 100) / 100);
}
