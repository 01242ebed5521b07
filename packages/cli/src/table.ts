/**
 * Cells padded to the width of their column, so that columns line up where each character is as wide as any other. Rows may
 * have different lengths.
 *
 * @param right whether a column, counted from 0, is aligned to the right, as numbers are; default: none is
 */
export function alignColumns(
  rows: readonly (readonly string[])[],
  right: (column: number) => boolean = () => false,
): string[][] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
  const pad = (cell: string, column: number): string => {
    const width = widths[column] ?? 0;
    return right(column) ? cell.padStart(width) : cell.padEnd(width);
  };
  return rows.map((row) => row.map(pad));
}
