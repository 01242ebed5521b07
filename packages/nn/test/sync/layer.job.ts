/** Runs a synchronized network on this rank's share of a batch; gradients are summed over the ranks. */
import type { Processes } from '@inplace-abn/comm';
import { InPlaceABNSync } from '@inplace-abn/nn';
import { type Outcome, runNetwork, type Share } from './network.js';

/** `share` is null for a rank that takes no part. */
export default async function layer({ group }: Processes, share: Share | null): Promise<Outcome | null> {
  const active = await group.activeGroup(share !== null);
  if (!active || !share) return null;
  const outcome = await runNetwork(share, (channels, options) => {
    return new InPlaceABNSync(channels, { ...options, group: active });
  });
  const gradients: Record<string, Float32Array> = {};
  for (const [name, own] of Object.entries(outcome.gradients)) gradients[name] = await active.allReduce(own);
  return { ...outcome, gradients };
}
