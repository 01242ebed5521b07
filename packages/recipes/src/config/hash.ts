import { createHash } from 'node:crypto';
import { defaultConfig } from './config.js';
import type { TrainConfig } from './schema.js';

/** Of what the numbers of a run follow from. The default task is left out, as it was before there were others. */
export function configHash(config: TrainConfig): string {
  const { task, memory_budget: _, network, ...others } = config;
  const { keep_inputs, ...all } = network;
  // As it was before there were such layers.
  const rest = { network: keep_inputs.length > 0 ? network : all, ...others };
  const hashed = task === defaultConfig.task ? rest : { task, ...rest };
  return createHash('sha256').update(JSON.stringify(hashed)).digest('hex').slice(0, 16);
}
