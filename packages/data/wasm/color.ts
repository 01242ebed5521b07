// Converts component planes to RGB: libjpeg's triangle-filter ("fancy") upsampling of halved chroma and its
// fixed-point YCbCr conversion, so that pixels equal libjpeg-turbo's. AssemblyScript.

/**
 * Vertical sums of chroma columns `from` … `from + n - 1`, as u16 at `dst`, plus one neighbor on either side.
 * At the edges of the plane (columns 0 and `width` - 1) the edge is its own neighbor.
 * For halved rows a sum is 3·near + far, otherwise the sample itself.
 */
function columnSums(dst: usize, near: usize, far: usize, from: i32, n: i32, width: i32, halved: bool): void {
  const start = max(from - 1, 0);
  const stop = min(from + n + 1, width);
  let to = dst + (usize(start - from + 1) << 1);
  const three = i16x8.splat(3);
  for (let x = start; x < stop; x += 8) {
    const a = v128.load8x8_u(near + usize(x));
    v128.store(to, halved ? i16x8.add(i16x8.mul(a, three), v128.load8x8_u(far + usize(x))) : a);
    to += 16;
  }
  if (from === 0) store<u16>(dst, load<u16>(dst, 2));
  if (from + n + 1 > width) {
    const edge = dst + (usize(width - from) << 1);
    store<u16>(edge, load<u16>(edge), 2);
  }
}

/**
 * One row of chroma at full width: writes two samples to `dst` for each of the `n` columns from `from`.
 * The horizontal filter is (3·this + neighbor) / 4, rounded down and up alternately.
 */
export function upsampleRow(
  dst: usize,
  sums: usize,
  near: usize,
  far: usize,
  from: i32,
  n: i32,
  width: i32,
  halvedRows: bool,
): void {
  columnSums(sums, near, far, from, n, width, halvedRows);
  const shift = halvedRows ? 4 : 2;
  const evenBias = i16x8.splat(halvedRows ? 8 : 1);
  const oddBias = i16x8.splat(halvedRows ? 7 : 2);
  const three = i16x8.splat(3);
  for (let x = 0; x < n; x += 8) {
    const center = i16x8.mul(v128.load(sums, 2), three);
    const even = i16x8.shr_u(i16x8.add(i16x8.add(center, v128.load(sums)), evenBias), shift);
    const odd = i16x8.shr_u(i16x8.add(i16x8.add(center, v128.load(sums, 4)), oddBias), shift);
    v128.store(dst, v128.or(even, i16x8.shl(odd, 8)));
    sums += 16;
    dst += 16;
  }
}

/**
 * Converts `n` pixels to interleaved RGB, eight at a time. Overwrites up to 21 bytes past the last pixel.
 *   R = Y + 1.402·Cr    G = Y − 0.34414·Cb − 0.71414·Cr    B = Y + 1.772·Cb
 * with 16 fractional bits. Integer parts of the constants are split off so that products fit.
 */
export function convertRow(dst: usize, luma: usize, blue: usize, red: usize, n: i32): void {
  const middle = i16x8.splat(128);
  const round = i32x4.splat(32768);
  const forRed = i32x4.splat(26345);
  const forGreen = i32x4.splat((-22554 << 16) | 18734);
  const forBlue = i32x4.splat(-14942 << 16);
  for (let x = 0; x < n; x += 8) {
    const y = v128.load8x8_u(luma + usize(x));
    const cb = i16x8.sub(v128.load8x8_u(blue + usize(x)), middle);
    const cr = i16x8.sub(v128.load8x8_u(red + usize(x)), middle);
    const low = i16x8.shuffle(cr, cb, 0, 8, 1, 9, 2, 10, 3, 11);
    const high = i16x8.shuffle(cr, cb, 4, 12, 5, 13, 6, 14, 7, 15);
    const r = i16x8.add(i16x8.add(y, cr), weighted(low, high, forRed, round));
    const g = i16x8.add(i16x8.sub(y, cr), weighted(low, high, forGreen, round));
    const b = i16x8.add(i16x8.add(y, i16x8.shl(cb, 1)), weighted(low, high, forBlue, round));
    const rg = i8x16.narrow_i16x8_u(r, g);
    const bb = i8x16.narrow_i16x8_u(b, b);
    v128.store(dst, i8x16.shuffle(rg, bb, 0, 8, 16, 1, 9, 17, 2, 10, 18, 3, 11, 19, 4, 12, 20, 5));
    v128.store(dst, i8x16.shuffle(rg, bb, 13, 21, 6, 14, 22, 7, 15, 23, 0, 0, 0, 0, 0, 0, 0, 0), 16);
    dst += 24;
  }
}

function weighted(low: v128, high: v128, constants: v128, round: v128): v128 {
  return i16x8.narrow_i32x4_s(
    i32x4.shr_s(i32x4.add(i32x4.dot_i16x8_s(low, constants), round), 16),
    i32x4.shr_s(i32x4.add(i32x4.dot_i16x8_s(high, constants), round), 16),
  );
}
