/** A mistake of the caller: wrong shape, dtype, option. The message says what, where and the likely fix. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError';
}

/** A shape or dtype that an op cannot take; the message starts with the module path where it was traced. */
export class ShapeError extends UsageError {
  override readonly name = 'ShapeError';
}

/** A step that ended before its update: a guarded value was not finite. */
export class NotFiniteError extends Error {
  override readonly name = 'NotFiniteError';
}

/** The native addon cannot be loaded, so nothing can be computed here. The message ends with each place that was tried. */
export class NativeAddonError extends Error {
  override readonly name = 'NativeAddonError';
  readonly code = 'NO_NATIVE_ADDON';
}
