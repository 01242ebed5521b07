/** Steps with other communication, compared with compiled ones. */
import {
  compile,
  gradients,
  linear,
  mean,
  type Plan,
  portableCpu,
  relu,
  sgd,
  trace,
} from '@inplace-abn/core';
import { describe, expect, it } from 'vitest';
import {
  type BucketOptions,
  type Cluster,
  collectiveTimes,
  eventsOf,
  overlappedSeconds,
  type StepEvent,
  simulate,
  sumInBuckets,
  withBuckets,
} from '../../src/index.js';

// As in a convolutional network, the layers near the output have the most weights.
const WIDTHS = [32, 32, 48, 64, 64, 128, 128, 256, 300, 512, 512, 10];
const RULE = { momentum: 0, weight_decay: 0, nesterov: false };

/** The step of a perceptron whose gradients go into buckets. */
function planOf(options: BucketOptions): Plan {
  const graph = trace((tracer) => {
    let x = tracer.input('x', [8, WIDTHS[0] ?? 1], 'float32');
    const weights = WIDTHS.slice(1).map((width, i) => {
      const weight = tracer.state(`fc${i}.weight`, [width, WIDTHS[i] ?? 1], 'float32', 'parameter');
      x = relu(linear(x, weight, null));
      return weight;
    });
    const loss = mean(x);
    const lr = tracer.input('lr', [], 'float32');
    const own = gradients(loss, weights).filter((gradient) => gradient !== null);
    const sums = sumInBuckets(own, { name: '', size: 4 }, options);
    tracer.during('update', null, () => {
      for (const [i, grad] of sums.entries()) {
        const param = weights[i];
        if (param) tracer.assign(param, sgd({ param, grad, momentum: null, lr, clip: null }, RULE).param);
      }
    });
    return { loss };
  });
  return compile(graph, portableCpu());
}

/** One millisecond per instruction of the passes, none for packing and updates. */
function eventsWith(options: BucketOptions): StepEvent[] {
  const plan = planOf(options);
  // Updates in another order wait for other sums, so updates are left out.
  const free = ['pack', 'unpack', 'all_reduce_start', 'all_reduce_wait', 'sgd'];
  const seconds = plan.instructions.map(({ node }) => (free.includes(node.op.name) ? 0 : 1e-3));
  return eventsOf([{ plan, seconds }]);
}

const clusterOf = (bandwidth: number): Cluster => {
  const link = { bandwidth, latency: 1e-5 };
  return { nodes: 4, perNode: 1, between: link, within: link, topology: 'ring' };
};

describe('withBuckets', () => {
  it('equals the step that is compiled with such buckets', () => {
    const events = eventsWith({});
    for (const bytes of [1e4, 1e5, 3e5, 1e6]) {
      for (const edgeBytes of [0, 5e4]) {
        const compiled = eventsWith({ bytes, edgeBytes });
        const divided = withBuckets(events, { bytes, edgeBytes });
        for (const bandwidth of [1e7, 1e8, 1e9]) {
          const times = collectiveTimes(clusterOf(bandwidth));
          const [expected, found] = [compiled, divided].map((each) => simulate(each, times));
          expect(found?.sums.length).toBe(expected?.sums.length);
          expect((found?.seconds ?? 0) / (expected?.seconds ?? 1)).toBeCloseTo(1, 2);
        }
      }
    }
  });
});

describe('overlappedSeconds', () => {
  it('lies between computing or sending alone, and the step that waits', () => {
    for (const bytes of [1e5, 1e6]) {
      const events = eventsWith({ bytes, edgeBytes: 5e4 });
      for (const bandwidth of [1e7, 1e8, 1e9]) {
        const times = collectiveTimes(clusterOf(bandwidth));
        const { seconds, computing, sums } = simulate(events, times);
        const sending = sums.reduce((sum, { begin, end }) => sum + end - begin, 0);
        const overlapped = overlappedSeconds(events, times);
        expect(overlapped).toBeLessThanOrEqual(seconds + 1e-9);
        expect(overlapped).toBeGreaterThanOrEqual(Math.max(computing, sending) - 1e-9);
      }
    }
  });

  it('hides sums of the last layers behind the next forward pass of the first', () => {
    const events = eventsWith({ bytes: 1e5, edgeBytes: 5e4 });
    const times = collectiveTimes(clusterOf(5e7));
    expect(overlappedSeconds(events, times)).toBeLessThan(0.98 * simulate(events, times).seconds);
  });

  it('gains nothing if the step itself needs every sum', () => {
    const events = eventsWith({}).map((event) =>
      event.kind === 'wait' ? { ...event, nextStep: null } : event,
    );
    const times = collectiveTimes(clusterOf(1e8));
    expect(overlappedSeconds(events, times)).toBeCloseTo(simulate(events, times).seconds, 9);
  });
});
