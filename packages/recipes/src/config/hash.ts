import { createHash } from 'node:crypto';
import { type TrainConfig, trainSchema } from './schema.js';

/**
 * A digest of all that determines a run's numbers: its configuration without the memory budget and the image
 * cache. Values that equal their default do not count, so that a run keeps its digest when configurations get
 * new keys.
 */
export function configHash(config: TrainConfig): string {
  const { memory_budget: _, data, ...rest } = config;
  const { cache: __, cache_limit: ___, ...counting } = data;
  return digest(withoutDefaults({ ...rest, data: counting }, defaultsBeside(config)) ?? {});
}

/**
 * Whether a digest matches a configuration. Also accepts the digest that version 0.1.0 made of `file`, the
 * JSON that the configuration was read from.
 */
export function hasHash(expected: string, config: TrainConfig, file: unknown): boolean {
  if (expected === configHash(config)) return true;
  if (!isSection(file)) return false;
  const { memory_budget: _, ...counting } = file;
  return expected === digest(counting);
}

/** The defaults for the task and schedule of `config`. A schedule's parameters may have none. */
function defaultsBeside(config: TrainConfig): unknown {
  const { type, params } = config.optimizer.schedule;
  const least = { task: config.task, optimizer: { schedule: { type, params } } };
  const { task: _, ...defaults } = trainSchema(least).parse(least);
  const { type: __, params: ___, ...schedule } = defaults.optimizer.schedule;
  return { ...defaults, optimizer: { ...defaults.optimizer, schedule } };
}

/** A copy with sorted keys and without values that equal their default; undefined if nothing is left. */
function withoutDefaults(value: unknown, byDefault: unknown): unknown {
  if (!isSection(value)) return JSON.stringify(value) === JSON.stringify(byDefault) ? undefined : value;
  const defaults = isSection(byDefault) ? byDefault : {};
  const kept = Object.keys(value)
    .sort()
    .map((key) => [key, withoutDefaults(value[key], defaults[key])])
    .filter(([, own]) => own !== undefined);
  return kept.length > 0 ? Object.fromEntries(kept) : undefined;
}

function isSection(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
}
