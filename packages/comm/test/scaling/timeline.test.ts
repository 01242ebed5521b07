import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Cluster, collectiveTimes, type StepEvent, simulate } from '../../src/index.js';
import { better, cluster, messageBytes } from './clusters.js';

const seconds = fc.double({ min: 0, max: 0.2, noNaN: true });

/**
 * A random step that computes, exchanges and starts sums, and waits for all of them at the end.
 */
const step: fc.Arbitrary<StepEvent[]> = fc
  .array(
    fc.oneof(
      fc.record({ kind: fc.constant('compute' as const), seconds }),
      fc.record({
        kind: fc.constant('exchange' as const),
        exchange: fc.constantFrom('allReduce' as const, 'allGather' as const),
        path: fc.constant('bn'),
        bytes: messageBytes,
      }),
      fc.record({
        kind: fc.constant('start' as const),
        sum: fc.constant(0),
        path: fc.constant('bucket'),
        bytes: messageBytes,
        members: fc.constant([]),
      }),
    ),
    { maxLength: 30 },
  )
  .map((events) => {
    const numbered = events.map((event, i): StepEvent => {
      return event.kind === 'start' ? { ...event, sum: i } : event;
    });
    const waits = numbered.flatMap((event): StepEvent[] =>
      event.kind === 'start' ? [{ kind: 'wait', sum: event.sum, nextStep: null }] : [],
    );
    return [...numbered, ...waits];
  });

const NOTHING: Cluster = {
  nodes: 1,
  perNode: 1,
  between: { bandwidth: 1, latency: 1 },
  within: { bandwidth: 1, latency: 1 },
  topology: 'ring',
};

describe('simulate', () => {
  it('takes the computing time on one process', () => {
    fc.assert(
      fc.property(step, (events) => {
        const timeline = simulate(events, collectiveTimes(NOTHING));
        expect(timeline.seconds).toBe(timeline.computing);
      }),
    );
  });

  it('is never faster than computing or sending alone', () => {
    fc.assert(
      fc.property(step, cluster, (events, of) => {
        const { seconds, computing, exchanging, waiting, sums } = simulate(events, collectiveTimes(of));
        const sending = sums.reduce((sum, { begin, end }) => sum + end - begin, 0);
        expect(seconds).toBeGreaterThanOrEqual(Math.max(computing + exchanging, sending) * (1 - 1e-9));
        expect(seconds).toBeLessThanOrEqual((computing + exchanging + sending) * (1 + 1e-9));
        expect(computing + exchanging + waiting).toBeCloseTo(seconds, 6);
      }),
    );
  });

  it('is never slower on better links', () => {
    fc.assert(
      fc.property(
        step,
        cluster,
        fc.constantFrom('bandwidth', 'latency'),
        fc.double({ min: 1, max: 1e6, noNaN: true }),
        (events, of, what, factor) => {
          const { seconds } = simulate(events, collectiveTimes(of));
          const improved = simulate(events, collectiveTimes(better(of, what, factor)));
          // A sum that ends earlier never delays an exchange for longer.
          expect(improved.seconds).toBeLessThanOrEqual(seconds * (1 + 1e-9));
        },
      ),
    );
  });

  it('sends a bucket after the computation before it', () => {
    const between = { bandwidth: 1e8, latency: 1e-5 };
    const of: Cluster = { ...NOTHING, nodes: 4, between };
    const events: StepEvent[] = [
      { kind: 'compute', seconds: 0.5 },
      { kind: 'start', sum: 1, path: 'bucket1', bytes: 1e8, members: [] },
      { kind: 'compute', seconds: 0.25 },
      { kind: 'wait', sum: 1, nextStep: null },
      { kind: 'compute', seconds: 0.125 },
    ];
    const segments = Math.ceil(1e8 / 4 / (128 * 1024));
    const ring = ((2 * 3) / 4) * (1e8 / between.bandwidth) + 2 * 3 * segments * between.latency;
    const timeline = simulate(events, collectiveTimes(of));
    expect(timeline.seconds).toBeCloseTo(0.5 + ring + 0.125, 9);
    expect(timeline.sums).toMatchObject([{ ready: 0.5, begin: 0.5, needed: 0.75 }]);
    const fast = simulate(events, collectiveTimes({ ...of, between: { bandwidth: 1e12, latency: 1e-9 } }));
    expect(fast.seconds).toBeCloseTo(0.875, 3);
  });

  it('delays an exchange while a sum is in flight', () => {
    const times = collectiveTimes({ ...NOTHING, nodes: 2, between: { bandwidth: 1e6, latency: 1e-3 } });
    const exchange: StepEvent = { kind: 'exchange', exchange: 'allReduce', path: 'bn', bytes: 256 };
    const [start, wait]: StepEvent[] = [
      { kind: 'start', sum: 1, path: 'bucket1', bytes: 1e7, members: [] },
      { kind: 'wait', sum: 1, nextStep: null },
    ];
    const alone = simulate([exchange], times).exchanging;
    const held = simulate(
      [start, exchange, wait].filter((event) => event !== undefined),
      times,
    ).exchanging;
    expect(held - alone).toBeCloseTo(times.held('allReduce'), 9);
    expect(held).toBeGreaterThan(2 * alone);
  });

  it('refuses to wait for a sum that was never started', () => {
    expect(() => simulate([{ kind: 'wait', sum: 3, nextStep: null }], collectiveTimes(NOTHING))).toThrow(
      /has not started/,
    );
  });
});
