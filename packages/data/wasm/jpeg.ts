// Decodes a region of a baseline JPEG whose headers TypeScript has parsed (src/jpeg/). AssemblyScript.
// Outside the region only the bits are skipped, and nothing after its last row is read.

import { convertRow, upsampleRow } from './color';
import { block, decodeBlock, restart, startScan } from './entropy';
import { flatBlock, inverseCosine } from './idct';

/** Fields of a component, written by src/jpeg/jpeg.ts. */
const DC: usize = 0;
const AC: usize = 4;
const QUANT: usize = 8;
const PLANE: usize = 12;
const PITCH: usize = 16;
const COMPONENT_BYTES: usize = 20;

/** Decodes and transforms one block; `dst` 0 means that the block is outside the region. */
function decodeTo(components: usize, index: i32, dst: usize): bool {
  const component = components + usize(index) * COMPONENT_BYTES;
  const keep = dst !== 0;
  const last = decodeBlock(
    index,
    load<u32>(component, DC),
    load<u32>(component, AC),
    load<u32>(component, QUANT),
    keep,
  );
  if (last < 0) return false;
  if (!keep) return true;
  const pitch = usize(load<u32>(component, PITCH));
  if (last === 0) flatBlock(i32(load<i16>(block)), dst, pitch);
  else inverseCosine(block, dst, pitch);
  return true;
}

/**
 * Decodes the scan in [from, to) up to the last MCU of the region [left, right) × [top, bottom), counted in
 * MCUs. The planes hold that region. An MCU is `h`×`v` blocks of the first component and one block of each
 * other. Returns false for a damaged scan.
 */
export function decodeScan(
  from: usize,
  to: usize,
  components: usize,
  componentCount: i32,
  h: i32,
  v: i32,
  unitsPerRow: i32,
  restartInterval: i32,
  left: i32,
  top: i32,
  right: i32,
  bottom: i32,
): bool {
  startScan(from, to);
  let untilRestart = restartInterval;
  for (let y = 0; y < bottom; y++) {
    const stop = y === bottom - 1 ? right : unitsPerRow;
    for (let x = 0; x < stop; x++) {
      if (restartInterval > 0) {
        if (untilRestart === 0) {
          if (!restart()) return false;
          untilRestart = restartInterval;
        }
        untilRestart--;
      }
      const inside = y >= top && x >= left && x < right;
      if (!decodeUnit(components, componentCount, h, v, x - left, y - top, inside)) return false;
    }
  }
  return true;
}

/** Decodes the MCU at (x, y) of the region. */
function decodeUnit(components: usize, count: i32, h: i32, v: i32, x: i32, y: i32, inside: bool): bool {
  for (let index = 0; index < count; index++) {
    const component = components + usize(index) * COMPONENT_BYTES;
    const plane = usize(load<u32>(component, PLANE));
    const pitch = load<i32>(component, PITCH);
    const columns = index === 0 ? h : 1;
    const rows = index === 0 ? v : 1;
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const offset = (y * rows + row) * 8 * pitch + (x * columns + column) * 8;
        if (!decodeTo(components, index, inside ? plane + usize(offset) : 0)) return false;
      }
    }
  }
  return true;
}

/**
 * Writes `width`×`height` pixels at (left, top) of the planes as RGB to `dst`. Chroma is halved in width if
 * `h` is 2 and in height if `v` is 2. Its valid extent starts at the corner of the planes and ends before the
 * padding, at (chromaRight, chromaBottom). `rows` has room for two rows of chroma at full width and one row
 * of sums.
 */
export function toRgb(
  dst: usize,
  components: usize,
  left: i32,
  top: i32,
  width: i32,
  height: i32,
  h: i32,
  v: i32,
  chromaRight: i32,
  chromaBottom: i32,
  rows: usize,
): void {
  const luma = usize(load<u32>(components, PLANE));
  const lumaPitch = load<i32>(components, PITCH);
  const blue = usize(load<u32>(components, COMPONENT_BYTES + PLANE));
  const red = usize(load<u32>(components, 2 * COMPONENT_BYTES + PLANE));
  const pitch = load<i32>(components, COMPONENT_BYTES + PITCH);
  const from = left >> (h - 1);
  const n = ((left + width + h - 1) >> (h - 1)) - from;
  const rowBytes = (usize(2 * n) + 31) & ~15;
  const sums = rows + 2 * rowBytes;
  for (let y = top; y < top + height; y++) {
    const near = y >> (v - 1);
    const far = min(max(y & 1 ? near + 1 : near - 1, 0), chromaBottom - 1);
    const nearRow = usize(near * pitch);
    const farRow = usize(far * pitch);
    let blueRow = blue + nearRow + usize(left);
    let redRow = red + nearRow + usize(left);
    if (h === 2) {
      upsampleRow(rows, sums, blue + nearRow, blue + farRow, from, n, chromaRight, v === 2);
      upsampleRow(rows + rowBytes, sums, red + nearRow, red + farRow, from, n, chromaRight, v === 2);
      blueRow = rows + usize(left - 2 * from);
      redRow = blueRow + rowBytes;
    }
    convertRow(dst, luma + usize(y * lumaPitch + left), blueRow, redRow, width);
    dst += usize(3 * width);
  }
}
