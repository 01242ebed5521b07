/** Code and cause of a {@link UsageError}. */
export interface ErrorDetails extends ErrorOptions {
  /** Stable identifier of the mistake; the message may change between versions. */
  readonly code?: string;
}

/**
 * A mistake by the caller, such as a wrong shape, dtype or option. The message says what is wrong, where, and
 * the likely fix.
 */
export class UsageError extends Error {
  /** Name of the class, as stack traces print it. Programs compare `code`, or use `instanceof`. */
  override readonly name: string = 'UsageError';
  /** Stable identifier of the mistake; the message may change between versions. */
  readonly code: string;

  /**
   * Creates the error.
   *
   * @param message what is wrong, where, and the likely fix
   * @param details cause, and code; default ERR_USAGE
   */
  constructor(message: string, { code = 'ERR_USAGE', ...options }: ErrorDetails = {}) {
    super(message, options);
    this.code = code;
  }
}

/** A shape or dtype that an op does not support. The message starts with the module path of the op. */
export class ShapeError extends UsageError {
  override readonly name = 'ShapeError';

  /**
   * Creates the error.
   *
   * @param message what is expected and what was received
   * @param details cause, and code; default ERR_SHAPE
   */
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, { code: 'ERR_SHAPE', ...details });
  }
}

/** Thrown when a step stops before its update because a guarded value is not finite. */
export class NotFiniteError extends Error {
  /** Name of the class, as stack traces print it. Programs compare `code`, or use `instanceof`. */
  override readonly name = 'NotFiniteError';
  /** Stable identifier of the problem; the message may change between versions. */
  readonly code = 'ERR_NOT_FINITE';
}

/**
 * Rejects unknown options, and arguments that are not an object of options. TypeScript catches both at
 * compile time, JavaScript does not.
 *
 * @param what the function or class that takes the options, as errors name it
 * @throws UsageError, code ERR_UNKNOWN_OPTION, naming the first unknown option; code ERR_OPTION_VALUE if
 *   `options` is not an object of options
 */
export function checkOptionNames<K extends string>(
  what: string,
  options: Readonly<Partial<Record<K, unknown>>>,
  known: readonly K[],
): void {
  const names: readonly string[] = known;
  const unknown = Object.keys(options ?? {}).find((key) => !names.includes(key));
  // An instance of a class, such as a Value where `loss(output)` should have been `loss(options)(output)`.
  const other = unknown !== undefined && Object.getPrototypeOf(options) !== Object.prototype;
  if (typeof options !== 'object' || options === null || other) {
    const example = known.slice(0, 2).join(', ');
    throw new UsageError(
      `${what}: expected an object of options, such as { ${example} }, but received ${described(options)}`,
      { code: 'ERR_OPTION_VALUE' },
    );
  }
  if (unknown === undefined) return;
  throw new UsageError(`${what} has no option ${unknown}; it has ${known.join(', ')}`, {
    code: 'ERR_UNKNOWN_OPTION',
  });
}

/** Checks of ranges, by their wording in errors. */
const RANGES = {
  'a number': () => true,
  'a non-negative number': (value) => value >= 0,
  'a positive integer': (value) => Number.isInteger(value) && value >= 1,
  'a number above 0': (value) => value > 0,
  'a number from 0 to 1': (value) => value >= 0 && value <= 1,
  'a number from 0 to below 1': (value) => value >= 0 && value < 1,
  'a number above 0 and at most 1': (value) => value > 0 && value <= 1,
} as const satisfies Readonly<Record<string, (value: number) => boolean>>;

/** Wording of a range that {@link checkNumber} can check. */
export type NumberRange = keyof typeof RANGES;

/**
 * Rejects an option that is not a finite number in a range.
 *
 * @throws UsageError, code ERR_OPTION_VALUE
 */
export function checkNumber(what: string, name: string, range: NumberRange, value: unknown): void {
  if (typeof value === 'number' && Number.isFinite(value) && RANGES[range](value)) return;
  throw new UsageError(`${what}: expected ${name} to be ${range} but received ${described(value)}`, {
    code: 'ERR_OPTION_VALUE',
  });
}

/**
 * Rejects options that are not finite numbers in a range. Undefined options pass.
 *
 * @throws UsageError, code ERR_OPTION_VALUE, naming the first such option
 */
export function checkNumbers(
  what: string,
  range: NumberRange,
  options: Readonly<Record<string, unknown>>,
): void {
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined) checkNumber(what, name, range, value);
  }
}

/**
 * Rejects an option whose value is not one of the known names.
 *
 * @throws UsageError, code ERR_OPTION_VALUE
 */
export function checkChoice(what: string, name: string, known: readonly string[], value: unknown): void {
  if (typeof value === 'string' && known.includes(value)) return;
  throw new UsageError(
    `${what}: expected ${name} to be one of ${known.join(', ')} but received ${described(value)}`,
    { code: 'ERR_OPTION_VALUE' },
  );
}

/** Whether a value is an object or an array. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Describes a received value in an error message, such as `'abc'`, `an array` or `{ x, y }`. */
export function described(value: unknown): string {
  if (typeof value === 'function') return `the function ${value.name || '(anonymous)'}`;
  if (typeof value === 'string') return `'${value}'`;
  if (Array.isArray(value)) return 'an array';
  if (!isObject(value)) return String(value);
  const keys = Object.keys(value).slice(0, 4).join(', ');
  const name: unknown = value.constructor?.name;
  return name === 'Object' || typeof name !== 'string' ? `{ ${keys} }` : `an object of ${name}`;
}

/**
 * The native addon cannot be loaded, so nothing can run on this machine. The message ends with every location
 * tried.
 */
export class NativeAddonError extends Error {
  /** Name of the class, as stack traces print it. Programs compare `code`, or use `instanceof`. */
  override readonly name = 'NativeAddonError';
  /** Stable identifier of the problem; the message may change between versions. */
  readonly code = 'ERR_NO_NATIVE_ADDON';
}
