/** The time limit of a process. */

/** Longest delay of a timer, 24.8 days. A longer one would end at once. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * Calls `reached` once this process has run for some seconds, at once if it has already.
 *
 * @returns a function that cancels the call
 */
export function atAge(seconds: number, reached: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const wait = () => {
    // performance.now counts from the start of the process.
    const left = 1000 * seconds - performance.now();
    timer = left > LONGEST_MS ? setTimeout(wait, LONGEST_MS) : setTimeout(reached, Math.max(0, left));
    timer.unref();
  };
  wait();
  return () => clearTimeout(timer);
}
