/** `plan --nodes`: simulates the step on a cluster. */
import { CommandLineError } from '@inplace-abn/cli';
import { type Cluster, type Failures, failuresOf, type Link } from '@inplace-abn/comm';
import { cpu, portableCpu } from '@inplace-abn/core';
import { shareSize } from '@inplace-abn/data';
import {
  asMeasured,
  atLimits,
  atPrices,
  batchThatHolds,
  formatChoices,
  formatFailures,
  formatRate,
  formatScaling,
  formatScalingTable,
  formatSeconds,
  inTotal,
  measurePrograms,
  type PaperSteps,
  type Pricing,
  paperSteps,
  plansOf,
  proportions,
  type ScalingChoices,
  type ScalingReport,
  scalingChoices,
  scalingReport,
  type TrainConfig,
} from '@inplace-abn/recipes';
import type { ScalingFlags } from './scaling-options.js';

/** A configuration, and the images per process; null: its share of the whole batch. */
export interface ScalingQuestion {
  readonly name: string;
  readonly config: TrainConfig;
  readonly batch: number | null;
}

interface Printing {
  readonly json?: boolean;
  readonly markdown?: boolean;
}

/** A configuration on a cluster. */
interface Answer {
  readonly name: string;
  readonly report: ScalingReport;
  readonly choices: ScalingChoices;
  readonly failures: Failures | null;
  /**
   * Images per process from which {@link SHARE} is reached; null: none. Only for a single step, because it
   * takes a while.
   */
  readonly holding?: number | null;
}

/** Efficiency that batches and buckets should reach. */
const SHARE = 0.9;

/**
 * Simulates every configuration on every cluster. Returns the text of one step, a table of several, or JSON.
 */
export async function scaling(
  questions: readonly ScalingQuestion[],
  flags: ScalingFlags & Printing,
): Promise<string> {
  const { nodes: counts = [], json } = flags;
  const single = questions.length * counts.length === 1;
  const answers: Answer[] = [];
  for (const question of questions) {
    for (const nodes of counts)
      answers.push(await simulated(question, clusterOf(flags, nodes), flags, single));
  }
  const [first] = answers;
  if (json) return JSON.stringify(single ? first : answers, null, 2);
  return single && first ? formatAnswer(first) : formatScalingTable(answers, flags);
}

function formatAnswer({ report, choices, failures, holding }: Answer): string {
  return [
    formatScaling(report),
    ...(holding === undefined ? [] : [formatChoices(report, choices, SHARE, holding)]),
    ...(failures ? [formatFailures(failures)] : []),
  ].join('\n\n');
}

async function simulated(
  { name, config, batch }: ScalingQuestion,
  cluster: Cluster,
  flags: ScalingFlags,
  single: boolean,
): Promise<Answer> {
  const measures = [flags.stepTime, flags.deviceFlops, flags.prices].every((given) => given === undefined);
  const device = measures ? cpu() : portableCpu();
  const options = { cluster, batch: batch ?? shareOf(config, cluster), device };
  const steps = paperSteps(config, options);
  const pricing = await pricingOf(steps, config, device.balance, flags);
  const report = scalingReport(config, options, steps, pricing);
  const among = single && report.processes > 1;
  return {
    name,
    report,
    choices: scalingChoices(report, steps, pricing),
    failures: failuresIn(flags, cluster),
    ...(among && { holding: batchThatHolds(SHARE, config, options, pricing, report) }),
  };
}

function failuresIn(
  { mtbf, saveEvery: interval, saveTime: saving, restartTime: restarting }: ScalingFlags,
  { nodes }: Cluster,
): Failures | null {
  return mtbf === undefined ? null : failuresOf({ nodes, mtbf, interval, saving, restarting });
}

function clusterOf(flags: ScalingFlags, nodes: number): Cluster {
  const link = (bandwidth: number, latency: number): Link => ({ bandwidth, latency });
  return {
    nodes,
    perNode: flags.perNode,
    between: link(flags.bandwidth, flags.latency),
    within: link(flags.nodeBandwidth, flags.nodeLatency),
    topology: flags.topology,
  };
}

/** The largest share of the configuration's batch that a process has. */
function shareOf({ optimizer: { batch_size: batch } }: TrainConfig, { nodes, perNode }: Cluster): number {
  const size = nodes * perNode;
  if (batch < size) {
    throw new CommandLineError(
      `optimizer.batch_size is ${batch}, less than one image for each of ${size} processes: give each process's batch with --batch`,
    );
  }
  return shareSize(batch, { rank: 0, size });
}

async function pricingOf(
  steps: PaperSteps,
  config: TrainConfig,
  balance: number,
  { stepTime, deviceFlops, deviceBandwidth, prices }: ScalingFlags,
): Promise<Pricing> {
  if ((deviceFlops === undefined) !== (deviceBandwidth === undefined)) {
    throw new CommandLineError('--device-flops and --device-bandwidth go together');
  }
  const given = deviceFlops !== undefined && deviceBandwidth !== undefined;
  if (prices) return atPrices(prices);
  const products = { float32: deviceFlops, bfloat16: deviceFlops, float16: deviceFlops };
  const limits = given ? { bandwidth: deviceBandwidth, products } : proportions(balance);
  if (stepTime !== undefined) {
    return inTotal(stepTime, plansOf(steps.alone), limits, `${formatSeconds(stepTime)} for a process alone`);
  }
  if (given) {
    const source = `at ${formatRate(deviceFlops)}FLOP/s and ${formatRate(deviceBandwidth)}B/s`;
    return atLimits(limits, source);
  }
  return asMeasured(await measurePrograms(steps.among, config), limits, 'measured on this machine');
}
