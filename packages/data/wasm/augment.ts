// Pillow's operations on the RGB bytes of one image, with its rounding. AssemblyScript.
// Sources: Pillow, src/libImaging/Geometry.c, Blend.c, Filter.c, Convert.c.

/**
 * out(x, y) is the pixel at the affine map of (x + 1/2, y + 1/2), in 16.16 fixed point; black outside the
 * image.
 */
export function affineNearest(
  dst: usize,
  src: usize,
  width: i32,
  height: i32,
  a0: f64,
  a1: f64,
  a2: f64,
  a3: f64,
  a4: f64,
  a5: f64,
): void {
  const right = fixed(a0);
  const down = fixed(a3);
  let rowX = fixed(a2 + a0 * 0.5 + a1 * 0.5);
  let rowY = fixed(a5 + a3 * 0.5 + a4 * 0.5);
  for (let y = 0; y < height; y++) {
    let atX = rowX;
    let atY = rowY;
    for (let x = 0; x < width; x++) {
      const fromX = atX >> 16;
      const fromY = atY >> 16;
      if (u32(fromX) < u32(width) && u32(fromY) < u32(height)) {
        const from = src + 3 * usize(fromY * width + fromX);
        store<u16>(dst, load<u16>(from));
        store<u8>(dst, load<u8>(from, 2), 2);
      } else {
        store<u16>(dst, 0);
        store<u8>(dst, 0, 2);
      }
      dst += 3;
      atX += right;
      atY += down;
    }
    rowX += fixed(a1);
    rowY += fixed(a4);
  }
}

function fixed(value: f64): i32 {
  return i32(Math.floor(value * 65536.0 + 0.5));
}

/** The same, interpolated between four pixels in float64 and truncated. */
export function affineBilinear(
  dst: usize,
  src: usize,
  width: i32,
  height: i32,
  a0: f64,
  a1: f64,
  a2: f64,
  a3: f64,
  a4: f64,
  a5: f64,
): void {
  for (let y = 0; y < height; y++) {
    const middleY = f64(y) + 0.5;
    for (let x = 0; x < width; x++) {
      const middleX = f64(x) + 0.5;
      const inX = a0 * middleX + a1 * middleY + a2;
      const inY = a3 * middleX + a4 * middleY + a5;
      if (inX < 0.0 || inX >= f64(width) || inY < 0.0 || inY >= f64(height)) {
        store<u16>(dst, 0);
        store<u8>(dst, 0, 2);
      } else {
        const left = Math.floor(inX - 0.5);
        const top = Math.floor(inY - 0.5);
        const dx = inX - 0.5 - left;
        const dy = inY - 0.5 - top;
        const first = max(i32(left), 0);
        const second = min(i32(left) + 1, width - 1);
        const upper = src + 3 * usize(max(i32(top), 0) * width);
        const lower = src + 3 * usize(min(i32(top) + 1, height - 1) * width);
        for (let c = 0; c < 3; c++) {
          const above = between(
            upper + 3 * usize(first) + usize(c),
            upper + 3 * usize(second) + usize(c),
            dx,
          );
          const below = between(
            lower + 3 * usize(first) + usize(c),
            lower + 3 * usize(second) + usize(c),
            dx,
          );
          store<u8>(dst + usize(c), u8(i32(above + (below - above) * dy)));
        }
      }
      dst += 3;
    }
  }
}

function between(a: usize, b: usize, share: f64): f64 {
  const value = f64(load<u8>(a));
  return value + (f64(load<u8>(b)) - value) * share;
}

/** Replaces each byte by its entry in the table of its channel; `tables` holds 3×256 bytes. */
export function lookUp(pixels: usize, count: i32, tables: usize): void {
  const end = pixels + 3 * usize(count);
  for (; pixels < end; pixels += 3) {
    store<u8>(pixels, load<u8>(tables + usize(load<u8>(pixels))));
    store<u8>(pixels, load<u8>(tables + usize(load<u8>(pixels, 1)), 256), 1);
    store<u8>(pixels, load<u8>(tables + usize(load<u8>(pixels, 2)), 512), 2);
  }
}

/** Adds the bytes of each channel to `counts`, 3×256 int32. */
export function countLevels(counts: usize, pixels: usize, count: i32): void {
  const end = pixels + 3 * usize(count);
  for (; pixels < end; pixels += 3) {
    increment(counts + 4 * usize(load<u8>(pixels)));
    increment(counts + 1024 + 4 * usize(load<u8>(pixels, 1)));
    increment(counts + 2048 + 4 * usize(load<u8>(pixels, 2)));
  }
}

function increment(counter: usize): void {
  store<i32>(counter, load<i32>(counter) + 1);
}

/** The pixel as PIL's mode L. */
function gray(pixel: usize): i32 {
  return (
    (i32(load<u8>(pixel)) * 19595 +
      i32(load<u8>(pixel, 1)) * 38470 +
      i32(load<u8>(pixel, 2)) * 7471 +
      0x8000) >>
    16
  );
}

/** The sum of all pixels as gray. */
export function sumGray(pixels: usize, count: i32): f64 {
  let sum: u64 = 0;
  const end = pixels + 3 * usize(count);
  for (; pixels < end; pixels += 3) sum += u64(gray(pixels));
  return f64(sum);
}

/** PIL's blend of two bytes in float32, truncated. */
function blend(a: i32, b: i32, factor: f32): u8 {
  return u8(i32(min<f32>(max<f32>(f32(a) + factor * f32(b - a), 0), 255)));
}

/** Interpolates each pixel with its gray by `factor`, like ImageEnhance.Color. */
export function blendGray(pixels: usize, count: i32, factor: f32): void {
  const end = pixels + 3 * usize(count);
  for (; pixels < end; pixels += 3) {
    const level = gray(pixels);
    store<u8>(pixels, blend(level, load<u8>(pixels), factor));
    store<u8>(pixels, blend(level, load<u8>(pixels, 1), factor), 1);
    store<u8>(pixels, blend(level, load<u8>(pixels, 2), factor), 2);
  }
}

/**
 * Interpolates each pixel with the mean of its neighbors and five times itself by `factor`, like
 * ImageEnhance.Sharpness. Pixels at the edge stay as they are.
 */
export function blendSmooth(dst: usize, src: usize, width: i32, height: i32, factor: f32): void {
  const pitch = 3 * width;
  memory.copy(dst, src, usize(pitch * height));
  for (let y = 1; y < height - 1; y++) {
    for (let i = 3; i < pitch - 3; i++) {
      const at = src + usize(y * pitch + i);
      const above = at - usize(pitch);
      const below = at + usize(pitch);
      const sum =
        three(above) + three(below) + i32(load<u8>(at - 3)) + 5 * i32(load<u8>(at)) + i32(load<u8>(at, 3));
      // ⌊(2·sum + 13) / 26⌋, the sum / 13 rounded.
      const smooth = ((2 * sum + 13) * 40330) >> 20;
      store<u8>(dst + usize(y * pitch + i), blend(smooth, load<u8>(at), factor));
    }
  }
}

function three(at: usize): i32 {
  return i32(load<u8>(at - 3)) + i32(load<u8>(at)) + i32(load<u8>(at, 3));
}
