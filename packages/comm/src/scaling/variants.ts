/**
 * Variants of a step: buckets of other sizes, or sums that overlap the next step's forward pass.
 */
import { type BucketOptions, inBuckets } from '../group/buckets.js';
import type { CollectiveTimes } from './collectives.js';
import type { StartEvent, StepEvent, WaitEvent } from './program.js';
import { simulate } from './timeline.js';

/** Whether an event starts the sum of a bucket of gradients. */
export function isBucket(event: StepEvent): event is StartEvent {
  return event.kind === 'start' && /(^|\.)bucket\d+$/.test(event.path);
}

/**
 * The events with the gradients of all buckets distributed over new buckets, each of which is sent when the
 * last of its gradients is computed. Packing stays where it is, because it costs the same.
 */
export function withBuckets(events: readonly StepEvent[], options: BucketOptions): StepEvent[] {
  const before = events.filter(isBucket);
  const sums = new Set(before.map(({ sum }) => sum));
  const gradients = before.flatMap(({ members }) => members);
  const starts = new Map<number, StartEvent[]>();
  const waits = new Map<number, WaitEvent[]>();
  inBuckets(gradients, ({ bytes }) => bytes, options).forEach((members, index) => {
    const start: StartEvent = {
      kind: 'start',
      // Negative, unlike the numbers of a step's own sums.
      sum: -1 - index,
      path: `bucket${index + 1}`,
      bytes: members.reduce((sum, { bytes }) => sum + bytes, 0),
      members,
    };
    append(starts, Math.max(...members.map(({ computed }) => computed)), start);
    const needed = Math.min(events.length, ...members.map((member) => member.needed));
    append(waits, needed, { kind: 'wait', sum: start.sum, nextStep: null });
  });
  const divided = events.flatMap((event, at) => {
    const replaced = (event.kind === 'start' || event.kind === 'wait') && sums.has(event.sum);
    return [...(waits.get(at) ?? []), ...(replaced ? [] : [event]), ...(starts.get(at) ?? [])];
  });
  return [...divided, ...(waits.get(events.length) ?? [])];
}

function append<T>(lists: Map<number, T[]>, at: number, item: T): void {
  const list = lists.get(at);
  if (list) list.push(item);
  else lists.set(at, [item]);
}

/** Steps to simulate until all take equally long, because sums in flight fill the pipeline. */
const STEPS = 4;

/**
 * Seconds per step of a long run in which gradient sums may end in the next step. Each update runs just
 * before the forward pass reads its parameter, at the same cost. Sums run in the order in which they are
 * needed: the first layer's gradients are computed last and read first, so in the order of the backward pass
 * nothing would be gained.
 */
export function overlappedSeconds(events: readonly StepEvent[], times: CollectiveTimes): number {
  const urgency = urgencyIn(events);
  const rows = (steps: number) => simulate(overlapped(events, steps), times, urgency).seconds;
  return rows(STEPS) - rows(STEPS - 1);
}

function urgencyIn(events: readonly StepEvent[]): (sum: number) => number {
  const needed = new Map<number, number>();
  for (const event of events) {
    if (event.kind === 'wait' && event.nextStep !== null) needed.set(event.sum, event.nextStep);
  }
  return (sum) => {
    const step = Math.floor(sum / STEP);
    // A sum that its own step reads, such as the loss, goes first.
    return step * events.length + (needed.get(sum - step * STEP) ?? -1);
  };
}

function overlapped(events: readonly StepEvent[], steps: number): StepEvent[] {
  const late = new Map<number, WaitEvent[]>();
  for (const event of events) {
    if (event.kind === 'wait' && event.nextStep !== null) append(late, event.nextStep, event);
  }
  return Array.from({ length: steps }, (_, step) =>
    events.flatMap((event, at): StepEvent[] => {
      const due = step === 0 ? [] : (late.get(at) ?? []).map((wait) => inStep(wait, step - 1));
      if (event.kind === 'wait' && event.nextStep !== null) return due;
      return [...due, inStep(event, step)];
    }),
  ).flat();
}

/** Larger than the numbers of a step's sums. */
const STEP = 2 ** 44;

function inStep(event: StepEvent, step: number): StepEvent {
  return event.kind === 'start' || event.kind === 'wait' ? { ...event, sum: event.sum + step * STEP } : event;
}
