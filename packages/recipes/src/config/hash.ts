import { createHash } from 'node:crypto';
import type { TrainConfig } from './schema.js';

/** A digest of what a run's numbers follow from: all of its configuration but the memory budget. */
export function configHash({ memory_budget: _, ...config }: TrainConfig): string {
  return createHash('sha256').update(JSON.stringify(config)).digest('hex').slice(0, 16);
}
