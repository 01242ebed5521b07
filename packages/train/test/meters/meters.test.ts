import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Accuracy } from '../../src/meters/accuracy.js';
import { RunningAverage } from '../../src/meters/running-average.js';
import { StepClock } from '../../src/meters/step-clock.js';

describe('RunningAverage', () => {
  it('weights by batch size', () => {
    const loss = new RunningAverage();
    loss.add(1, 30);
    loss.add(4, 10);
    expect(loss.mean).toBe(1.75);
    expect(loss.last).toBe(4);
    expect(loss.count).toBe(40);
  });

  it('is NaN before the first value', () => {
    expect(new RunningAverage().mean).toBeNaN();
    expect(new RunningAverage().smoothed).toBeNaN();
  });

  it('smooths across resets without bias toward the start', () => {
    const loss = new RunningAverage(0.5);
    loss.add(4);
    expect(loss.smoothed).toBe(4);
    loss.reset();
    loss.add(1);
    expect(loss.mean).toBe(1);
    expect(loss.smoothed).toBeCloseTo((4 * 0.25 + 1 * 0.5) / 0.75, 12);
  });

  it('stays within the range of its values', () => {
    const values = fc.array(
      fc.tuple(fc.double({ min: -10, max: 10, noNaN: true }), fc.integer({ min: 1, max: 99 })),
      {
        minLength: 1,
      },
    );
    fc.assert(
      fc.property(values, (pairs) => {
        const average = new RunningAverage(0.9);
        for (const [value, weight] of pairs) average.add(value, weight);
        const low = Math.min(...pairs.map(([value]) => value)) - 1e-9;
        const high = Math.max(...pairs.map(([value]) => value)) + 1e-9;
        for (const result of [average.mean, average.smoothed]) {
          expect(result).toBeGreaterThanOrEqual(low);
          expect(result).toBeLessThanOrEqual(high);
        }
      }),
      { seed: 3 },
    );
  });

  it('rejects a decay that never forgets', () => {
    expect(() => new RunningAverage(1)).toThrow('expected a decay in [0, 1), received 1');
  });
});

describe('Accuracy', () => {
  it('computes percentages over all images', () => {
    const accuracy = new Accuracy();
    accuracy.add(1, 4, 4);
    accuracy.add(2, 4, 6);
    expect([accuracy.top1, accuracy.top5, accuracy.count]).toEqual([30, 80, 10]);
    accuracy.reset();
    expect(accuracy.top1).toBeNaN();
  });

  it.each([
    [3, 2, 5],
    [1, 6, 5],
    [-1, 0, 5],
    [Number.NaN, 1, 5],
  ])('rejects counts %j, %j of %j', (one, five, images) => {
    expect(() => new Accuracy().add(one, five, images)).toThrow(/top-1 <= top-5 <= images/);
  });
});

describe('StepClock', () => {
  it('separates waiting from computing', () => {
    let time = 0;
    const clock = new StepClock(() => time, 0);
    clock.start();
    for (const [wait, work] of [
      [300, 700],
      [100, 900],
    ] as const) {
      time += wait;
      clock.dataReady();
      time += work;
      clock.stepDone(50);
    }
    expect(clock.waitShare).toBeCloseTo(0.2, 12);
    expect(clock.imagesPerSecond).toBeCloseTo(50, 12);
    expect(clock.images).toBe(100);
    expect(clock.seconds).toBe(2);
    expect(clock.eta(500)).toBeCloseTo(10, 12);
  });

  it('resets the epoch but keeps the speed at a new start', () => {
    let time = 0;
    const clock = new StepClock(() => time);
    clock.start();
    time = 1000;
    clock.dataReady();
    clock.stepDone(10);
    time = 90_000;
    clock.start();
    expect([clock.images, clock.waitShare]).toEqual([0, 0]);
    expect(clock.imagesPerSecond).toBeCloseTo(10, 12);
  });

  it('has no speed before the first step', () => {
    const clock = new StepClock(() => 0);
    clock.start();
    expect([clock.imagesPerSecond, clock.waitShare]).toEqual([0, 0]);
    expect(clock.eta(5)).toBeNaN();
  });

  it('must be started', () => {
    expect(() => new StepClock(() => 0).stepDone(1)).toThrow(/before start/);
  });
});
