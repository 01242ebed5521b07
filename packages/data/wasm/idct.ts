// The inverse DCT of libjpeg's default method (Loeffler, Ligtenberg and Moschytz, ICASSP 1989, with 13-bit
// constants), eight columns at a time. Pixels equal libjpeg-turbo's. AssemblyScript.

const between = memory.data(128, 16);
const result = memory.data(128, 16);

/** Two 16-bit constants for the even and odd lanes of a pairwise product. */
function pair(even: i32, odd: i32): v128 {
  return i32x4.splat((odd << 16) | (even & 0xffff));
}

function zipLow(a: v128, b: v128): v128 {
  return i16x8.shuffle(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}

function zipHigh(a: v128, b: v128): v128 {
  return i16x8.shuffle(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

/**
 * One-dimensional pass over the columns of 8×8 i16 at `src`, scaled by 2^-shift, written transposed to `dst`.
 */
function pass(src: usize, dst: usize, shift: i32): void {
  const x0 = v128.load(src);
  const x1 = v128.load(src, 16);
  const x2 = v128.load(src, 32);
  const x3 = v128.load(src, 48);
  const x4 = v128.load(src, 64);
  const x5 = v128.load(src, 80);
  const x6 = v128.load(src, 96);
  const x7 = v128.load(src, 112);
  const round = i32x4.splat(1 << (shift - 1));
  const sum = i16x8.add(x0, x4);
  const difference = i16x8.sub(x0, x4);
  const z3 = i16x8.add(x7, x3);
  const z4 = i16x8.add(x5, x1);

  // Columns 0–3, then 4–7. Even part:
  let p = zipLow(x2, x6);
  const even2L = i32x4.dot_i16x8_s(p, pair(4433, -10704));
  const even3L = i32x4.dot_i16x8_s(p, pair(10703, 4433));
  p = zipHigh(x2, x6);
  const even2H = i32x4.dot_i16x8_s(p, pair(4433, -10704));
  const even3H = i32x4.dot_i16x8_s(p, pair(10703, 4433));
  const even0L = i32x4.add(i32x4.shl(i32x4.extend_low_i16x8_s(sum), 13), round);
  const even0H = i32x4.add(i32x4.shl(i32x4.extend_high_i16x8_s(sum), 13), round);
  const even1L = i32x4.add(i32x4.shl(i32x4.extend_low_i16x8_s(difference), 13), round);
  const even1H = i32x4.add(i32x4.shl(i32x4.extend_high_i16x8_s(difference), 13), round);
  // Odd part:
  p = zipLow(z3, z4);
  const z3L = i32x4.dot_i16x8_s(p, pair(-6436, 9633));
  const z4L = i32x4.dot_i16x8_s(p, pair(9633, 6437));
  p = zipHigh(z3, z4);
  const z3H = i32x4.dot_i16x8_s(p, pair(-6436, 9633));
  const z4H = i32x4.dot_i16x8_s(p, pair(9633, 6437));
  p = zipLow(x7, x1);
  const odd0L = i32x4.add(i32x4.dot_i16x8_s(p, pair(-4927, -7373)), z3L);
  const odd3L = i32x4.add(i32x4.dot_i16x8_s(p, pair(-7373, 4926)), z4L);
  p = zipHigh(x7, x1);
  const odd0H = i32x4.add(i32x4.dot_i16x8_s(p, pair(-4927, -7373)), z3H);
  const odd3H = i32x4.add(i32x4.dot_i16x8_s(p, pair(-7373, 4926)), z4H);
  p = zipLow(x5, x3);
  const odd1L = i32x4.add(i32x4.dot_i16x8_s(p, pair(-4176, -20995)), z4L);
  const odd2L = i32x4.add(i32x4.dot_i16x8_s(p, pair(-20995, 4177)), z3L);
  p = zipHigh(x5, x3);
  const odd1H = i32x4.add(i32x4.dot_i16x8_s(p, pair(-4176, -20995)), z4H);
  const odd2H = i32x4.add(i32x4.dot_i16x8_s(p, pair(-20995, 4177)), z3H);

  const aL = i32x4.add(even0L, even3L);
  const aH = i32x4.add(even0H, even3H);
  const bL = i32x4.add(even1L, even2L);
  const bH = i32x4.add(even1H, even2H);
  const cL = i32x4.sub(even1L, even2L);
  const cH = i32x4.sub(even1H, even2H);
  const dL = i32x4.sub(even0L, even3L);
  const dH = i32x4.sub(even0H, even3H);
  const y0 = narrowed(i32x4.add(aL, odd3L), i32x4.add(aH, odd3H), shift);
  const y7 = narrowed(i32x4.sub(aL, odd3L), i32x4.sub(aH, odd3H), shift);
  const y1 = narrowed(i32x4.add(bL, odd2L), i32x4.add(bH, odd2H), shift);
  const y6 = narrowed(i32x4.sub(bL, odd2L), i32x4.sub(bH, odd2H), shift);
  const y2 = narrowed(i32x4.add(cL, odd1L), i32x4.add(cH, odd1H), shift);
  const y5 = narrowed(i32x4.sub(cL, odd1L), i32x4.sub(cH, odd1H), shift);
  const y3 = narrowed(i32x4.add(dL, odd0L), i32x4.add(dH, odd0H), shift);
  const y4 = narrowed(i32x4.sub(dL, odd0L), i32x4.sub(dH, odd0H), shift);

  // Three rounds of interleaving rows four apart transpose a block.
  const s0 = zipLow(y0, y4);
  const s1 = zipHigh(y0, y4);
  const s2 = zipLow(y1, y5);
  const s3 = zipHigh(y1, y5);
  const s4 = zipLow(y2, y6);
  const s5 = zipHigh(y2, y6);
  const s6 = zipLow(y3, y7);
  const s7 = zipHigh(y3, y7);
  const t0 = zipLow(s0, s4);
  const t1 = zipHigh(s0, s4);
  const t2 = zipLow(s1, s5);
  const t3 = zipHigh(s1, s5);
  const t4 = zipLow(s2, s6);
  const t5 = zipHigh(s2, s6);
  const t6 = zipLow(s3, s7);
  const t7 = zipHigh(s3, s7);
  v128.store(dst, zipLow(t0, t4));
  v128.store(dst, zipHigh(t0, t4), 16);
  v128.store(dst, zipLow(t1, t5), 32);
  v128.store(dst, zipHigh(t1, t5), 48);
  v128.store(dst, zipLow(t2, t6), 64);
  v128.store(dst, zipHigh(t2, t6), 80);
  v128.store(dst, zipLow(t3, t7), 96);
  v128.store(dst, zipHigh(t3, t7), 112);
}

function narrowed(low: v128, high: v128, shift: i32): v128 {
  return i16x8.narrow_i32x4_s(i32x4.shr_s(low, shift), i32x4.shr_s(high, shift));
}

/** Transforms 64 coefficients at `src` to 8×8 samples at `dst` with row pitch `pitch`, in bytes. */
export function inverseCosine(src: usize, dst: usize, pitch: usize): void {
  pass(src, between, 11);
  pass(between, result, 18);
  const middle = i8x16.splat(-128);
  for (let row: usize = 0; row < 128; row += 32) {
    const samples = i8x16.narrow_i16x8_s(v128.load(result + row), v128.load(result + row, 16));
    const shifted = i8x16.add(samples, middle);
    v128.store64_lane(dst, shifted, 0);
    v128.store64_lane(dst + pitch, shifted, 1);
    dst += 2 * pitch;
  }
}

/** The same for a block with only a DC coefficient. */
export function flatBlock(dc: i32, dst: usize, pitch: usize): void {
  const value = min(max(((dc * 4 + 16) >> 5) + 128, 0), 255);
  const samples = i8x16.splat(i8(value));
  for (let row = 0; row < 8; row++) {
    v128.store64_lane(dst, samples, 0);
    dst += pitch;
  }
}
