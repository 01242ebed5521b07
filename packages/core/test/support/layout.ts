/** Converts between the logical order of fixtures (N,C,S…) and the storage order of data tensors. */

/** Converts row-major logical elements of N×C×S1×… to channels-last storage order. */
export function toStorage(shape: readonly number[], logical: ArrayLike<number>): Float32Array {
  return Float32Array.from(storageOrder(shape), (index) => logical[index] ?? Number.NaN);
}

/** The inverse of `toStorage`. */
export function toLogical(shape: readonly number[], stored: ArrayLike<number>): Float64Array {
  const logical = new Float64Array(stored.length);
  storageOrder(shape).forEach((index, position) => {
    logical[index] = stored[position] ?? Number.NaN;
  });
  return logical;
}

/** The logical index of each element in storage order. */
function storageOrder(shape: readonly number[]): Int32Array {
  const [batch = 1, width = 1, ...space] = shape;
  const area = space.reduce((product, size) => product * size, 1);
  return Int32Array.from({ length: batch * width * area }, (_, position) => {
    const c = position % width;
    const s = Math.floor(position / width) % area;
    const n = Math.floor(position / (width * area));
    return (n * width + c) * area + s;
  });
}
