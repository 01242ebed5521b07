/** Notes on a configuration that is accepted, but trains otherwise than it may seem. */
import { keysWithoutEffect } from '../config/config.js';
import type { TrainConfig } from '../config/schema.js';
import { endOfRate, onlyWarmUp } from '../engine/learning-rate.js';

/** A sentence for each of them. `batches` is the number of steps of an epoch. */
export function configNotes(config: TrainConfig, batches: number): string[] {
  const { optimizer } = config;
  const ofRates = [endOfRate(optimizer, batches), onlyWarmUp(optimizer, batches)];
  return [...keysWithoutEffect(config), ...ofRates.filter((note) => note !== null)];
}
