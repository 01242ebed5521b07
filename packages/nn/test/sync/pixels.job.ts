/** Runs one synchronized layer on images of this rank's own size. */
import type { Processes } from '@inplace-abn/comm';
import { InPlaceABNSync, setActiveGroup } from '@inplace-abn/nn';
import { type PixelOutcome, type Pixels, runPixels } from './pixels.js';

export default async function pixels({ group }: Processes, job: Pixels): Promise<PixelOutcome> {
  const layer = new InPlaceABNSync(job.shape[1] ?? 1, { activation: 'elu', activationParam: 1 });
  setActiveGroup(layer, group);
  return runPixels(layer, job);
}
