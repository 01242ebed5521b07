import type { Store } from '@inplace-abn/core';
import type { EventFileWriter } from '../tensorboard/event-file.js';

/**
 * Writes histograms of the parameters that match `watched`: classifier and last normalization, as in the
 * reference.
 */
export function writeHistograms(events: EventFileWriter, store: Store, watched: RegExp, step: number): void {
  for (const { name, kind } of store.specs) {
    if (kind !== 'parameter' || !watched.test(name)) continue;
    const { data } = store.read(name);
    if (data instanceof Float32Array) events.histogram(step, name, data);
  }
}
