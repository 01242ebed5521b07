// @ts-check
// Sums and gathers vectors that are exchanged in several slices. Every value is known, so ranks check all.

/** A prime, so that slices in the wrong order are detected. */
const PERIODS = { sum: 997, row: 241 };

/**
 * @param {import('@inplace-abn/comm').Processes} processes
 * @param {{ elements: number, bytes: number }} argument
 */
export default async function large({ group }, { elements, bytes }) {
  const { rank, size } = group;
  /** @param {number} which */
  const row = (which) => {
    const values = new Uint8Array(bytes);
    for (let i = 0; i < bytes; i++) values[i] = (i % PERIODS.row) + which;
    return values;
  };
  const sum = await group.allReduce(
    Float32Array.from({ length: elements }, (_, i) => (i % PERIODS.sum) + rank),
  );
  const ranks = (size * (size - 1)) / 2;
  const rows = await group.allGather(row(rank));
  return {
    wrongSum: sum.findIndex((value, i) => value !== size * (i % PERIODS.sum) + ranks),
    wrongRow: rows.findIndex((found, which) => !Buffer.from(found.buffer).equals(row(which))),
    lengths: [sum.length, rows.length],
  };
}
