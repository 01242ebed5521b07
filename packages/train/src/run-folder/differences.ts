/**
 * The differences between two JSON values, one line per key: `optimizer.schedule.epochs: 10 -> 20`.
 * Ignores the order of keys.
 */
export function differences(before: unknown, after: unknown, path = ''): string[] {
  if (isObject(before) && isObject(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys.flatMap((key) => differences(before[key], after[key], path === '' ? key : `${path}.${key}`));
  }
  const [from, to] = [show(before), show(after)];
  return from === to ? [] : [`${path}: ${from} -> ${to}`];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing';
}
