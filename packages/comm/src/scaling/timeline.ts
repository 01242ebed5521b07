/**
 * Simulates a step on a timeline. All processes are equally fast and begin together. The compute thread runs
 * the events in order. Sums run one at a time on the group's own thread, and a wait ends with its sum.
 */
import type { CollectiveTimes } from './collectives.js';
import { Lane, type SentSum, type Urgency } from './lane.js';
import type { StepEvent } from './program.js';

/** How long a step takes, and what it waits for. */
export interface StepTimeline {
  /** Seconds of the step. */
  readonly seconds: number;
  /** Seconds spent computing. */
  readonly computing: number;
  /** Seconds in exchanges that the computation waits for, such as those of synchronized statistics. */
  readonly exchanging: number;
  /** Seconds spent waiting for sums in the background. */
  readonly waiting: number;
  /** Number of exchanges, whose seconds are `exchanging`. */
  readonly exchanges: number;
  /** Sums in the background, in the order in which they are sent. */
  readonly sums: readonly SentSum[];
}

/**
 * Simulates the events with collectives that take `times`. Sums run in the order of `urgency`; without it, in
 * the order in which they were started.
 */
export function simulate(
  events: readonly StepEvent[],
  times: CollectiveTimes,
  urgency?: Urgency,
): StepTimeline {
  const lane = new Lane(times.allReduce, urgency);
  let [now, computing, exchanging, waiting, exchanges] = [0, 0, 0, 0, 0];
  for (const event of events) {
    if (event.kind === 'compute') {
      computing += event.seconds;
      now += event.seconds;
    } else if (event.kind === 'exchange') {
      const held = Math.min(times.held(event.exchange), lane.busyAt(now));
      const seconds = times[event.exchange](event.bytes) + held;
      exchanges += 1;
      exchanging += seconds;
      now += seconds;
    } else if (event.kind === 'start') {
      lane.start(event, now);
    } else {
      const end = lane.wait(event.sum, now);
      waiting += end - now;
      now = end;
    }
  }
  return { seconds: now, computing, exchanging, waiting, exchanges, sums: lane.all() };
}
