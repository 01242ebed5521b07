// @ts-check

/**
 * The median; for an even count the mean of the two middle values.
 * @param {readonly number[]} values at least one
 */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[sorted.length >> 1];
  const lower = sorted[(sorted.length - 1) >> 1];
  if (upper === undefined || lower === undefined) throw new RangeError('the median of no values');
  return (lower + upper) / 2;
}

/**
 * How often each item occurs, in the order of their first occurrence.
 * @template T
 * @param {readonly T[]} items
 */
export function countsOf(items) {
  /** @type {Map<T, number>} */
  const found = new Map();
  for (const item of items) found.set(item, (found.get(item) ?? 0) + 1);
  return found;
}

/**
 * Half the distance between the smallest and the largest value, relative to the median.
 * @param {readonly number[]} values
 */
export function spread(values) {
  return (Math.max(...values) - Math.min(...values)) / 2 / median(values);
}

/**
 * `1.234 s ± 2 %`
 * @param {readonly number[]} values
 * @param {string} unit
 */
export function describe(values, unit) {
  return `${significant(median(values))} ${unit} ± ${(100 * spread(values)).toFixed(0)} %`;
}

/**
 * At least three significant digits, no exponent.
 * @param {number} value
 */
export function significant(value) {
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(digits, 6));
}
