/** Option parsers of rates and times. */
import { InvalidArgumentError } from 'commander';

const PREFIXES: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  K: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
};
const SECONDS: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  ms: 1e-3,
  s: 1,
  min: 60,
  h: 3600,
  d: 86_400,
};

/** Option parser: `100Gbit`, `1.5 GB` → bytes per second. @throws InvalidArgumentError for another text */
export function rate(text: string): number {
  const [, number = '', prefix = '', unit = ''] =
    /^([\d.]+) ?([kKMGTP]?)(bit|B)(?:\/s|ps)?$/.exec(text.trim()) ?? [];
  const value = (Number(number) * (PREFIXES[prefix] ?? Number.NaN)) / (unit === 'bit' ? 8 : 1);
  return checked(value, number, 'a rate, such as 100Gbit or 12.5GB');
}

/**
 * Option parser: `10T`, `19.5 TFLOP/s` → operations per second.
 *
 * @throws InvalidArgumentError for another text
 */
export function flops(text: string): number {
  const [, number = '', prefix = ''] = /^([\d.]+) ?([kKMGTP]?)(?:FLOP(?:\/s|S|s)?)?$/.exec(text.trim()) ?? [];
  return checked(
    Number(number) * (PREFIXES[prefix] ?? Number.NaN),
    number,
    'operations per second, such as 10T',
  );
}

/** Option parser: `5us`, `250ms`, `1.5h`, `30d` → seconds. @throws InvalidArgumentError for another text */
export function duration(text: string): number {
  const [, number = '', unit = ''] = /^([\d.]+) ?([a-zµ]+)$/.exec(text.trim()) ?? [];
  return checked(Number(number) * (SECONDS[unit] ?? Number.NaN), number, 'a time, such as 5us, 250ms or 2h');
}

function checked(value: number, number: string, expected: string): number {
  if (number !== '' && Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError(`Expected ${expected}.`);
}
