/** The same step with other topologies, buckets and schedules: what each would gain. */
import { collectiveTimes, overlappedSeconds, simulate, type Topology, withBuckets } from '@inplace-abn/comm';
import type { Pricing } from './pricing.js';
import { type PaperSteps, type ScalingReport, stepEvents } from './report.js';

/** A step with gradients in buckets of one size. */
export interface BucketChoice {
  /** Bytes of a bucket but the first two and the last, which are smaller. */
  readonly bytes: number;
  /** Seconds of the step. */
  readonly seconds: number;
  /** Seconds of the step of a process that trains alone, over `seconds`. */
  readonly efficiency: number;
}

/** A step in other topologies, buckets and schedules. Times in seconds. */
export interface ScalingChoices {
  /** The step in each topology. */
  readonly topologies: Readonly<Record<Topology, number>>;
  /** The step with buckets of 1 to 128 MiB, by powers of two. */
  readonly buckets: readonly BucketChoice[];
  /** The step if gradient sums might end during the next forward pass. */
  readonly overlapped: number;
}

const MIB = 2 ** 20;
const SIZES = [1, 2, 4, 8, 16, 32, 64, 128].map((size) => size * MIB);

/** Simulates the alternatives to `report`, which is of the same steps. */
export function scalingChoices(
  { cluster, local }: Pick<ScalingReport, 'cluster' | 'local'>,
  steps: PaperSteps,
  pricing: Pricing,
): ScalingChoices {
  const events = stepEvents(steps, pricing);
  const times = collectiveTimes(cluster);
  const through = (topology: Topology) => simulate(events, collectiveTimes({ ...cluster, topology })).seconds;
  return {
    topologies: { ring: through('ring'), tree: through('tree'), hierarchical: through('hierarchical') },
    buckets: SIZES.map((bytes) => {
      const { seconds } = simulate(withBuckets(events, { bytes }), times);
      return { bytes, seconds, efficiency: local / seconds };
    }),
    overlapped: overlappedSeconds(events, times),
  };
}
