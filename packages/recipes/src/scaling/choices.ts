/** Simulates a step with other topologies, buckets and schedules, to see their gain. */
import {
  collectiveTimes,
  isBucket,
  overlappedSeconds,
  simulate,
  type Topology,
  withBuckets,
} from '@inplace-abn/comm';
import type { Pricing } from './pricing.js';
import { type PaperSteps, type ScalingReport, stepEvents } from './report.js';

/** A step with gradients in buckets of one size. */
export interface BucketChoice {
  /** Bytes of a bucket, except the first and the last, which are smaller. */
  readonly bytes: number;
  /** Seconds of the step. */
  readonly seconds: number;
  /** Seconds of a process that trains alone, divided by `seconds`. */
  readonly efficiency: number;
}

/** A step in other topologies, buckets and schedules. Times in seconds. */
export interface ScalingChoices {
  /** The step in each topology. */
  readonly topologies: Readonly<Record<Topology, number>>;
  /** By bucket size, including the configured one; empty if gradients are not summed in buckets. */
  readonly buckets: readonly BucketChoice[];
  /** The step if gradient sums could overlap the next forward pass. */
  readonly overlapped: number;
}

const MIB = 2 ** 20;
const SIZES = [1, 2, 4, 8, 16, 32, 64, 128].map((size) => size * MIB);

/** Simulates the alternatives to `report`, which must be of the same steps. */
export function scalingChoices(
  { cluster, local, bucketBytes }: Pick<ScalingReport, 'cluster' | 'local' | 'bucketBytes'>,
  steps: PaperSteps,
  pricing: Pricing,
): ScalingChoices {
  const events = stepEvents(steps, pricing);
  const times = collectiveTimes(cluster);
  const sizes = events.some(isBucket) ? [...new Set([...SIZES, bucketBytes])].sort((a, b) => a - b) : [];
  const through = (topology: Topology) => simulate(events, collectiveTimes({ ...cluster, topology })).seconds;
  return {
    topologies: { ring: through('ring'), tree: through('tree'), hierarchical: through('hierarchical') },
    buckets: sizes.map((bytes) => {
      const { seconds } = simulate(withBuckets(events, { bytes }), times);
      return { bytes, seconds, efficiency: local / seconds };
    }),
    overlapped: overlappedSeconds(events, times),
  };
}
