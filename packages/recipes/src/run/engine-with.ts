import { ALONE, agreeOnKernels, kernelNotes, type Progress, type RunKernels } from '@inplace-abn/train';
import { Engine, type EngineOptions, planEngine } from '../engine/engine.js';
import { foreignPrices } from '../plan/step-time.js';
import { collectGarbage } from './collect.js';

/**
 * An engine with the kernels of the run so far, the same on all processes. Notes name kernels that are not
 * available, and prices for another machine.
 */
export async function engineWith(
  soFar: RunKernels | null,
  options: EngineOptions,
  progress: Pick<Progress, 'note'>,
): Promise<Engine> {
  const { device, peers = ALONE, prices } = options;
  const foreign = prices && foreignPrices(prices, device);
  if (foreign) progress.note(`${foreign}: measure them here`);
  const agreed = await agreeOnKernels(peers, soFar?.names ?? {}, (choices) => planEngine(options, choices));
  for (const note of kernelNotes(soFar, device.machine, agreed.unmet)) progress.note(note);
  await collectGarbage();
  return new Engine(options, agreed);
}
