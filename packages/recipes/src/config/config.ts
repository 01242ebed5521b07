import { ConfigError, duplicateKeys, locate } from './error.js';
import type { LocatedJson } from './json.js';
import { isOverridden, type Override, overridden } from './overrides.js';
import { type Problem, toProblems } from './problems.js';
import { readJson } from './read-json.js';
import { crossKeyProblems } from './rules.js';
import { type TrainConfig, trainSchema } from './schema.js';
import { effectNotes } from './without-effect.js';

export { ConfigError, type ConfigProblem } from './error.js';

/** Options of reading a configuration. */
export interface ConfigOptions {
  /** Known architecture names; `network.arch` must be one of them. Default: any name is accepted. */
  architectures?: readonly string[];
  /** Values that override those of the file: see {@link parseOverride}. */
  overrides?: readonly Override[];
  /**
   * Whether a run exists with this configuration. Keys without effect and a `min_rate` above the learning
   * rate are then accepted, because earlier versions trained with them. Default false.
   */
  ofRun?: boolean;
}

/** The reference's defaults and those of our additions. Frozen: copy it to change it. */
export const defaultConfig: Readonly<TrainConfig> = deepFreeze(trainSchema({}).parse({}));

/** Every key of any task with its default, for hints and rules. */
const everyKey: Readonly<TrainConfig> = deepFreeze(
  trainSchema({ task: 'segmentation' }).parse({ task: 'segmentation' }),
);

/**
 * Reads a JSON configuration and completes it from {@link defaultConfig}.
 *
 * @throws {ConfigError} naming file, line, column and key of every problem
 */
export async function loadConfig(path: string, options: ConfigOptions = {}): Promise<TrainConfig> {
  const json = await readJson(path, 'a JSON training configuration');
  return resolve(json.value, path, options, json);
}

/**
 * Checks a configuration object and completes it from {@link defaultConfig}.
 *
 * @param source what to call the object in messages, usually a file name
 * @throws {ConfigError} naming source and key of every problem
 */
export function resolveConfig(object: unknown, source: string, options: ConfigOptions = {}): TrainConfig {
  return resolve(object, source, options);
}

/** A sentence for each key that differs from its default and has no effect. */
export function keysWithoutEffect(config: TrainConfig): string[] {
  return effectNotes(config, everyKey);
}

function resolve(
  given: unknown,
  source: string,
  { architectures, overrides = [], ofRun = false }: ConfigOptions,
  json?: LocatedJson,
): TrainConfig {
  const raw = overridden(given, overrides, everyKey, source);
  const result = trainSchema(raw, architectures).safeParse(raw);
  const problems: Problem[] = (result.error?.issues ?? []).flatMap((issue) =>
    toProblems(issue, raw, everyKey),
  );
  problems.push(...crossKeyProblems(raw, everyKey, { overrides, ofRun }));
  const located = problems.map((problem) =>
    // The file has no position for an overridden value.
    locate(problem, isOverridden(problem.path, overrides) ? undefined : json),
  );
  located.push(...duplicateKeys(json));
  // A copy, because zod returns the same array for every default.
  if (result.success && located.length === 0) return structuredClone(result.data);
  throw new ConfigError(source, located);
}

function deepFreeze<T extends object>(object: T): T {
  for (const value of Object.values(object)) {
    if (typeof value === 'object' && value !== null) deepFreeze(value);
  }
  return Object.freeze(object);
}
