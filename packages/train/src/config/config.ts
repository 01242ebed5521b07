import { readFile } from 'node:fs/promises';
import { JsonSyntaxError, type LocatedJson, type Position, parseJson } from './json.js';
import { formatPath, type Problem, toProblems } from './problems.js';
import { crossKeyProblems } from './rules.js';
import { type TrainConfig, trainSchema } from './schema.js';

export interface ConfigOptions {
  /** Known architecture names; `network.arch` must be one of them. Any name is taken where this is absent. */
  architectures?: readonly string[];
}

/** One line of a {@link ConfigError}. */
export interface ConfigProblem extends Partial<Position> {
  /** Full key path, such as `optimizer.schedule.type`; empty for the document itself. */
  path: string;
  message: string;
}

/** Everything that is wrong with a configuration, one line each, in the order of the file. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  constructor(
    readonly source: string,
    readonly problems: readonly ConfigProblem[],
  ) {
    super(problems.map((problem) => formatLine(source, problem)).join('\n'));
  }
}

/** The reference's defaults and those of our additions. Frozen: copy it to change it. */
export const defaultConfig: Readonly<TrainConfig> = deepFreeze(trainSchema({}).parse({}));

/** Every key that any task has, with its default: what hints and rules look up. */
const everyKey: Readonly<TrainConfig> = deepFreeze(
  trainSchema({ task: 'segmentation' }).parse({ task: 'segmentation' }),
);

/**
 * Reads a JSON configuration and completes it from {@link defaultConfig}.
 *
 * @throws {ConfigError} naming file, line, column and key of every problem
 */
export async function loadConfig(path: string, options: ConfigOptions = {}): Promise<TrainConfig> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === 'ENOENT' ? 'there is no such file' : `cannot be read (${error.message})`;
    throw new ConfigError(path, [{ path: '', message: `${reason}; expected a JSON training configuration` }]);
  });
  try {
    const json = parseJson(text);
    return resolve(json.value, path, options, json);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw new ConfigError(path, [
      { path: '', ...error.position, message: `not valid JSON: ${error.message}` },
    ]);
  }
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

function resolve(raw: unknown, source: string, options: ConfigOptions, json?: LocatedJson): TrainConfig {
  const result = trainSchema(raw, options.architectures).safeParse(raw);
  const problems: Problem[] = (result.error?.issues ?? []).flatMap((issue) =>
    toProblems(issue, raw, everyKey),
  );
  problems.push(...crossKeyProblems(raw, everyKey));
  const located = problems.map((problem) => locate(problem, json));
  for (const { path, position, first } of json?.duplicates ?? []) {
    located.push({
      path: formatPath(path),
      ...position,
      message: `given twice, first on line ${first.line}`,
    });
  }
  // A copy, because zod hands out the one array that stands as a default.
  if (result.success && located.length === 0) return structuredClone(result.data);
  located.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
  throw new ConfigError(source, located);
}

function locate(problem: Problem, json: LocatedJson | undefined): ConfigProblem {
  const position = json?.locate(problem.path, problem.at) ?? {};
  return { path: formatPath(problem.path), message: problem.message, ...position };
}

function formatLine(source: string, { path, line, column, message }: ConfigProblem): string {
  const where = line === undefined ? source : `${source}:${line}:${column}`;
  return path === '' ? `${where}: ${message}` : `${where}: ${path}: ${message}`;
}

function deepFreeze<T extends object>(object: T): T {
  for (const value of Object.values(object)) {
    if (typeof value === 'object' && value !== null) deepFreeze(value);
  }
  return Object.freeze(object);
}
