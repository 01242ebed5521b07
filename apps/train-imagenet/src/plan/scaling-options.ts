/** Options of `plan` for a cluster. */
import type { Topology } from '@inplace-abn/comm';
import type { PriceList } from '@inplace-abn/core';
import { duration, flops, positive, positives, rate } from '@inplace-abn/recipes';
import { type Command, Option } from 'commander';

/** Values of the options, in seconds, bytes per second and operations per second. */
export interface ScalingFlags {
  readonly nodes?: readonly number[];
  readonly perNode: number;
  readonly bandwidth: number;
  readonly latency: number;
  readonly nodeBandwidth: number;
  readonly nodeLatency: number;
  readonly topology: Topology;
  readonly stepTime?: number;
  /** Prices of the instructions, instead of the other times. */
  readonly prices?: PriceList;
  readonly deviceFlops?: number;
  readonly deviceBandwidth?: number;
  readonly mtbf?: number;
  readonly saveEvery: number;
  readonly saveTime: number;
  readonly restartTime: number;
}

/** Adds the options to `plan`. */
export function addScalingOptions(command: Command): void {
  const options = [
    new Option('--nodes <list>', 'simulate the step on this many nodes: 64, or 1,8,64 for a table').argParser(
      positives,
    ),
    new Option('--per-node <n>', 'with --nodes: processes per node, one device each')
      .argParser(positive)
      .default(1),
    new Option('--bandwidth <rate>', 'between a node and the others, each way: 100Gbit, 12.5GB')
      .argParser(rate)
      .default(rate('100Gbit'), '100Gbit'),
    new Option('--latency <time>', 'between nodes: 5us').argParser(duration).default(duration('5us'), '5us'),
    new Option('--node-bandwidth <rate>', 'between two processes of a node')
      .argParser(rate)
      .default(rate('800Gbit'), '800Gbit'),
    new Option('--node-latency <time>', 'between two processes of a node')
      .argParser(duration)
      .default(duration('2us'), '2us'),
    new Option(
      '--topology <name>',
      'algorithm of an all-reduce; runs take a ring where a hierarchy has one level',
    )
      .choices(['ring', 'tree', 'hierarchical'])
      .default('hierarchical'),
    new Option(
      '--step-time <time>',
      'time of a step on one process alone: 250ms (default: measured on this machine)',
    ).argParser(duration),
    new Option('--device-flops <rate>', 'operations per second of a device: 10T').argParser(flops),
    new Option('--device-bandwidth <rate>', "bytes per second of a device's memory: 1TB").argParser(rate),
    new Option('--mtbf <time>', 'mean time between failures of a node: 300d').argParser(duration),
    new Option('--save-every <time>', 'with --mtbf: time between checkpoints')
      .argParser(duration)
      .default(duration('1h'), '1h'),
    new Option('--save-time <time>', 'with --mtbf: time that a checkpoint stalls training')
      .argParser(duration)
      .default(duration('10s'), '10s'),
    new Option('--restart-time <time>', 'with --mtbf: time from a failure to the next step')
      .argParser(duration)
      .default(duration('5min'), '5min'),
  ];
  for (const option of options) command.addOption(option);
}
