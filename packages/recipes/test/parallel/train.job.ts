/** A training run as one rank of several. */
import type { Processes } from '@inplace-abn/comm';
import { cpu } from '@inplace-abn/core';
import { type TrainConfig, type TrainOptions, train } from '@inplace-abn/recipes';
import { peersOf } from '@inplace-abn/train';
import { timedAs } from '../../../train/test/support/devices.js';

export interface TrainJob
  extends Pick<TrainOptions, 'data' | 'logDir' | 'resume' | 'maxSteps' | 'saveEvery'>,
    Partial<Pick<TrainOptions, 'workers'>> {
  readonly config: TrainConfig;
  /** The kernel that autotuning finds fastest on each rank. */
  readonly fastest?: readonly string[];
}

const VERSIONS = { node: 'v0', platform: 'test', cpu: 'test', cores: 1, memoryBytes: 1, packages: {} };

/** The rank's output and its last validation. */
export default async function trainJob(processes: Processes, job: TrainJob) {
  let text = '';
  const stream = {
    write(more: string) {
      text += more;
    },
  };
  const fastest = job.fastest?.[processes.group.rank];
  const device = fastest === undefined ? cpu() : timedAs(fastest);
  const common = { device, versions: VERSIONS, workers: 1, printFreq: 1, stream };
  const { validation, stopped } = await train({ ...common, ...job, peers: peersOf(processes) });
  return { validation, stopped, text };
}
