/**
 * The debug ladder: IABN_DEBUG=0…5 (default 0). Each level includes the ones below it.
 *
 *     1  one line per compilation: bytes before → after, time
 *     2  every decision: keep / absorb / invert, in place or the veto
 *     3  the graph's text after each pass
 *     4  kernels: implementation chosen and the reasons of refusals
 *     5  every instruction repeated on the reference device and compared (slow)
 */
export type Rung = 1 | 2 | 3 | 4 | 5;

/** Level of `IABN_DEBUG`, from 0 (silent) to 5. */
export function debugLevel(): number {
  const level = Number(process.env.IABN_DEBUG ?? 0);
  return Number.isFinite(level) ? level : 0;
}

/** Writes `message()` to standard error if the debug level is at least `rung`. */
export function debug(rung: Rung, message: () => string): void {
  if (debugLevel() >= rung) process.stderr.write(`${message()}\n`);
}
