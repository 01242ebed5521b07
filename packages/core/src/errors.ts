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
  override readonly name: string = 'UsageError';
  /** Stable identifier of the mistake; the message may change between versions. */
  readonly code: string;

  constructor(message: string, { code = 'ERR_USAGE', ...options }: ErrorDetails = {}) {
    super(message, options);
    this.code = code;
  }
}

/** A shape or dtype that an op does not support. The message starts with the module path of the op. */
export class ShapeError extends UsageError {
  override readonly name = 'ShapeError';

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, { code: 'ERR_SHAPE', ...details });
  }
}

/** Thrown when a step stops before its update because a guarded value is not finite. */
export class NotFiniteError extends Error {
  override readonly name = 'NotFiniteError';
  readonly code = 'ERR_NOT_FINITE';
}

/**
 * Rejects options that `what` does not have. TypeScript catches these at compile time, JavaScript does not.
 *
 * @throws UsageError, code ERR_UNKNOWN_OPTION, naming the first unknown option
 */
export function checkOptionNames<K extends string>(
  what: string,
  options: Readonly<Partial<Record<K, unknown>>>,
  known: readonly K[],
): void {
  const names: readonly string[] = known;
  const unknown = Object.keys(options).find((key) => !names.includes(key));
  if (unknown === undefined) return;
  throw new UsageError(`${what} has no option ${unknown}; it has ${known.join(', ')}`, {
    code: 'ERR_UNKNOWN_OPTION',
  });
}

/**
 * The native addon cannot be loaded, so nothing can run on this machine. The message ends with every location
 * tried.
 */
export class NativeAddonError extends Error {
  override readonly name = 'NativeAddonError';
  readonly code = 'ERR_NO_NATIVE_ADDON';
}
