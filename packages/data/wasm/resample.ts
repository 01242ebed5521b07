// The two passes of Pillow's 8-bit resampling: sums of samples times 22-bit weights. AssemblyScript.

const PRECISION_BITS: i32 = 22;
const HALF: i32 = 1 << (PRECISION_BITS - 1);

/**
 * Converts sums with 22 fractional bits to samples. Saturates, since rounded weights may sum to more than
 * one.
 */
function toSamples(a: v128, b: v128): v128 {
  const words = i16x8.narrow_i32x4_s(i32x4.shr_s(a, PRECISION_BITS), i32x4.shr_s(b, PRECISION_BITS));
  return i8x16.narrow_i16x8_u(words, words);
}

/**
 * Resamples `rows` rows of RGB, `pitch` bytes apart, to `width` pixels each. Output x sums count[x] pixels
 * from first[x] on, with `stride` weights per output. Overwrites one byte past the last pixel and reads one.
 */
export function resampleRgbRows(
  dst: usize,
  src: usize,
  pitch: usize,
  rows: i32,
  width: i32,
  first: usize,
  count: usize,
  weights: usize,
  stride: i32,
): void {
  const half = i32x4.splat(HALF);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < width; x++) {
      let from = src + 3 * usize(load<i32>(first + (usize(x) << 2)));
      let weight = weights + (usize(x * stride) << 2);
      const stop = weight + (usize(load<i32>(count + (usize(x) << 2))) << 2);
      let sum = half;
      for (; weight < stop; weight += 4) {
        const pixel = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(from)));
        sum = i32x4.add(sum, i32x4.mul(pixel, v128.load32_splat(weight)));
        from += 3;
      }
      v128.store32_lane(dst, toSamples(sum, sum), 0);
      dst += 3;
    }
    src += pitch;
  }
}

/** The same for one channel. */
export function resampleGrayRows(
  dst: usize,
  src: usize,
  pitch: usize,
  rows: i32,
  width: i32,
  first: usize,
  count: usize,
  weights: usize,
  stride: i32,
): void {
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < width; x++) {
      let from = src + usize(load<i32>(first + (usize(x) << 2)));
      let weight = weights + (usize(x * stride) << 2);
      const stop = weight + (usize(load<i32>(count + (usize(x) << 2))) << 2);
      let sum = HALF;
      for (; weight < stop; weight += 4) {
        sum += i32(load<u8>(from)) * load<i32>(weight);
        from++;
      }
      store<u8>(dst, u8(min(sum >> PRECISION_BITS, 255)));
      dst++;
    }
    src += pitch;
  }
}

/**
 * Resamples columns: rows of `samples` bytes, `pitch` apart, become `height` contiguous rows, 16 bytes at a
 * time. Overwrites up to 15 bytes past the last.
 */
export function resampleColumns(
  dst: usize,
  src: usize,
  pitch: usize,
  samples: i32,
  height: i32,
  first: usize,
  count: usize,
  weights: usize,
  stride: i32,
): void {
  const half = i32x4.splat(HALF);
  for (let y = 0; y < height; y++) {
    const top = src + usize(load<i32>(first + (usize(y) << 2))) * pitch;
    const start = weights + (usize(y * stride) << 2);
    const stop = start + (usize(load<i32>(count + (usize(y) << 2))) << 2);
    for (let x = 0; x < samples; x += 16) {
      let from = top + usize(x);
      let a = half;
      let b = half;
      let c = half;
      let d = half;
      for (let weight = start; weight < stop; weight += 4) {
        const bytes = v128.load(from);
        const low = i16x8.extend_low_i8x16_u(bytes);
        const high = i16x8.extend_high_i8x16_u(bytes);
        const w = v128.load32_splat(weight);
        a = i32x4.add(a, i32x4.mul(i32x4.extend_low_i16x8_u(low), w));
        b = i32x4.add(b, i32x4.mul(i32x4.extend_high_i16x8_u(low), w));
        c = i32x4.add(c, i32x4.mul(i32x4.extend_low_i16x8_u(high), w));
        d = i32x4.add(d, i32x4.mul(i32x4.extend_high_i16x8_u(high), w));
        from += pitch;
      }
      const to = dst + usize(x);
      v128.store64_lane(to, toSamples(a, b), 0);
      v128.store64_lane(to, toSamples(c, d), 0, 8);
    }
    dst += usize(samples);
  }
}
