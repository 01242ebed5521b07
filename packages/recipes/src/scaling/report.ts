/** Simulates the training step of a configuration on a cluster: its time, and what it waits for. */
import {
  BUCKET_BYTES,
  type Cluster,
  collectiveTimes,
  eventsOf,
  processesOf,
  type StepEvent,
  type StepTimeline,
  simulate,
  type TimedPlan,
} from '@inplace-abn/comm';
import type { Device } from '@inplace-abn/core';
import type { TrainConfig } from '../config/schema.js';
import { bucketOptions } from '../step/training-step.js';
import { type PaperPrograms, planOnPaper, plansOf } from './paper.js';
import { type Pricing, total } from './pricing.js';

/** Options of a simulated step. */
export interface ScalingOptions {
  /** The processes and the links between them. */
  readonly cluster: Cluster;
  /** Images of each process. */
  readonly batch: number;
  /** Plans the step; nothing runs on it. */
  readonly device: Device;
}

/** A simulated step. Times in seconds. */
export interface ScalingReport {
  /** `network.arch` of the configuration. */
  readonly arch: string;
  /** `network.precision` of the configuration. */
  readonly precision: string;
  /** Images of each process. */
  readonly batch: number;
  /** The processes and the links between them. */
  readonly cluster: Cluster;
  /** Processes in all. */
  readonly processes: number;
  /** Where the times of instructions come from. */
  readonly source: string;
  /** The step of a process that trains alone on the same number of images. */
  readonly local: number;
  /** The step among the other processes. */
  readonly timeline: StepTimeline;
  /** local / step: the share of the cluster that does useful work. */
  readonly efficiency: number;
  /** Images per second of all processes. */
  readonly throughput: number;
  /** Bytes of gradients and counts that a process sums in the background. */
  readonly summedBytes: number;
  /** Bytes of a bucket of gradients, except the first and the last, which are smaller. */
  readonly bucketBytes: number;
  /** Arena, weights and optimizer state of a process. */
  readonly processBytes: number;
}

/** The compiled step of one process, alone and among others; the same for a single process. */
export interface PaperSteps {
  /** Steps of a process alone. */
  readonly alone: PaperPrograms;
  /** Steps of a process that exchanges with others. */
  readonly among: PaperPrograms;
}

/**
 * Compiles what {@link scalingReport} simulates.
 *
 * @throws UsageError and BudgetError as {@link planOnPaper} does
 */
export function paperSteps(config: TrainConfig, { cluster, batch, device }: ScalingOptions): PaperSteps {
  const processes = processesOf(cluster);
  const among = planOnPaper(config, batch, processes, device);
  return { alone: processes > 1 ? planOnPaper(aloneOf(config, processes), batch, 1, device) : among, among };
}

/**
 * The configuration of one process alone. With shards, it computes those that it would hold.
 */
function aloneOf(config: TrainConfig, processes: number): TrainConfig {
  const held = config.deterministic_world / processes;
  return { ...config, deterministic_world: held < 2 ? 0 : held };
}

/**
 * Simulates a step. `pricing` gives the times of instructions, and the cluster's links those of collectives.
 */
export function scalingReport(
  config: TrainConfig,
  { cluster, batch }: ScalingOptions,
  steps: PaperSteps,
  pricing: Pricing,
): ScalingReport {
  const processes = processesOf(cluster);
  const local = total(timed(steps.alone, pricing).map(({ seconds }) => seconds));
  const timeline = simulate(stepEvents(steps, pricing), collectiveTimes(cluster));
  return {
    arch: config.network.arch,
    precision: config.network.precision,
    batch,
    cluster,
    processes,
    source: pricing.source,
    local,
    timeline,
    efficiency: local / timeline.seconds,
    throughput: (processes * batch) / timeline.seconds,
    summedBytes: timeline.sums.reduce((sum, { bytes }) => sum + bytes, 0),
    bucketBytes: bucketOptions(config.optimizer).bytes ?? BUCKET_BYTES,
    processBytes: steps.among.programs.neededBytes,
  };
}

/** The events of a process in its step among the others. */
export function stepEvents({ among }: PaperSteps, pricing: Pricing): StepEvent[] {
  return eventsOf(timed(among, pricing));
}

function timed(steps: PaperPrograms, pricing: Pricing): TimedPlan[] {
  return plansOf(steps).map((plan) => ({ plan, seconds: pricing.secondsOf(plan) }));
}
