/** Formats bytes in binary units, B to TiB, with three significant digits (four from 1000), as `12.3 MiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[unit] ?? ''}`;
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
};

/**
 * Parses `1500000000`, `1500MB` or `1.5 GiB` to whole bytes, at least 1. Units go from B to GB (powers of
 * 1000) and GiB (powers of 1024), in any case. Returns null if the text is not a size.
 */
export function parseBytes(text: string): number | null {
  const [, number = '', unit = ''] = /^\s*([\d.]+)\s*([a-zA-Z]*)\s*$/.exec(text) ?? [];
  const value = Number(number) * (UNITS[unit.toUpperCase()] ?? Number.NaN);
  return number !== '' && Number.isFinite(value) && value >= 1 ? Math.floor(value) : null;
}
