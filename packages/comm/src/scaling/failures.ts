/**
 * Failures of a long run. Nodes fail independently, each on average once in M seconds, so one of N fails once
 * in M/N. A run saves every τ seconds in δ seconds, and after a failure needs R seconds until its next step.
 * The time between failures is exponentially distributed, so a section of τ seconds of work takes on average
 * (Daly 2006, without his approximations)
 *
 *     M/N · e^{R·N/M} · (e^{(τ + δ)·N/M} − 1)
 *
 * which is shortest near τ = √(2·δ·M/N) (Young, 1974).
 */

/** Nodes that fail, and the costs of a failure; times in seconds. */
export interface FailureOptions {
  /** Machines that fail independently; the failure of one stops the run. */
  readonly nodes: number;
  /** Mean time between failures of one node, in seconds. */
  readonly mtbf: number;
  /** Seconds from the end of a checkpoint to the beginning of the next. */
  readonly interval: number;
  /** Seconds that a checkpoint holds up training. */
  readonly saving: number;
  /** Seconds from a failure to the first step after it. */
  readonly restarting: number;
}

/** Time that failures and checkpoints take from a run. */
export interface Failures {
  /** Failures in 24 hours. */
  readonly perDay: number;
  /** Hours of each day whose work is kept. */
  readonly usefulHours: number;
  /** Hours of each day whose work is lost, because no checkpoint has it. */
  readonly lostHours: number;
  /** Hours of each day spent on restarts. */
  readonly restartHours: number;
  /** Hours of each day during which checkpoints hold up training. */
  readonly savingHours: number;
  /** The interval between checkpoints, in seconds, that loses the least time, by Young's approximation. */
  readonly bestInterval: number;
}

const DAY = 86_400;

/** Estimates the time that failures and checkpoints take from each day. */
export function failuresOf({ nodes, mtbf, interval, saving, restarting }: FailureOptions): Failures {
  const mean = mtbf / nodes;
  const attempts = Math.expm1((interval + saving) / mean);
  // Per failed attempt; the restart itself may fail, too.
  const restart = mean * Math.expm1(restarting / mean);
  const section = attempts * (mean + restart);
  const hours = (seconds: number) => (24 * seconds) / section;
  const kept = { usefulHours: hours(interval), savingHours: hours(saving) };
  const restartHours = 24 * (1 - mean / (mean + restart));
  return {
    perDay: DAY / mean,
    ...kept,
    restartHours,
    lostHours: Math.max(0, 24 - kept.usefulHours - kept.savingHours - restartHours),
    bestInterval: Math.sqrt(2 * saving * mean),
  };
}
