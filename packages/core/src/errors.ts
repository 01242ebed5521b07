export interface ErrorDetails extends ErrorOptions {
  /** Which mistake it is: stable, where the message is not. */
  readonly code?: string;
}

/** A mistake of the caller: wrong shape, dtype, option. The message says what, where and the likely fix. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError';
  /** Which mistake it is: stable, where the message is not. */
  readonly code: string;

  constructor(message: string, { code = 'ERR_USAGE', ...options }: ErrorDetails = {}) {
    super(message, options);
    this.code = code;
  }
}

/** A shape or dtype that an op cannot take; the message starts with the module path where it was traced. */
export class ShapeError extends UsageError {
  override readonly name = 'ShapeError';

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, { code: 'ERR_SHAPE', ...details });
  }
}

/** A step that ended before its update: a guarded value was not finite. */
export class NotFiniteError extends Error {
  override readonly name = 'NotFiniteError';
  readonly code = 'ERR_NOT_FINITE';
}

/**
 * Refuses options that `what` does not have: TypeScript would have, JavaScript does not.
 *
 * @throws UsageError, code ERR_UNKNOWN_OPTION, naming the first
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

/** The native addon cannot be loaded, so nothing can be computed here. The message ends with each place that was tried. */
export class NativeAddonError extends Error {
  override readonly name = 'NativeAddonError';
  readonly code = 'ERR_NO_NATIVE_ADDON';
}
