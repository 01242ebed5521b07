/** A training run as one rank of several. */
import type { Processes } from '@inplace-abn/comm';
import { cpu } from '@inplace-abn/core';
import { peersOf, type TrainConfig, type TrainOptions, train } from '@inplace-abn/train';

export interface TrainJob
  extends Pick<TrainOptions, 'data' | 'logDir' | 'resume' | 'maxSteps' | 'saveEvery'> {
  readonly config: TrainConfig;
}

const VERSIONS = { node: 'v0', platform: 'test', cpu: 'test', cores: 1, memoryBytes: 1, packages: {} };

/** What the rank printed, and its last validation. */
export default async function trainJob(processes: Processes, job: TrainJob) {
  let text = '';
  const stream = {
    write(more: string) {
      text += more;
    },
  };
  const common = { device: cpu(), versions: VERSIONS, workers: 1, printFreq: 1, stream };
  const { validation, stopped } = await train({ ...common, ...job, peers: peersOf(processes) });
  return { validation, stopped, text };
}
