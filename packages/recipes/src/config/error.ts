import type { LocatedJson, Position } from './json.js';
import { formatPath, type Problem } from './problems.js';

/** One line of a {@link ConfigError}. */
export interface ConfigProblem extends Partial<Position> {
  /** Full key path, such as `optimizer.schedule.type`; empty for the document itself. */
  path: string;
  /** The expected value and the one received. */
  message: string;
}

/** Most lines of a message. A file with more problems is hardly a configuration. */
const MOST_LINES = 20;

/**
 * Everything that is wrong with a configuration, in the order of the file; the message has a line for each of
 * the first 20.
 */
export class ConfigError extends Error {
  /** Name of the class, as stack traces print it. Programs compare `code`, or use `instanceof`. */
  override readonly name = 'ConfigError';
  /** Stable identifier of the problem; the message may change between versions. */
  readonly code = 'ERR_CONFIG';
  /** All of them, in the order of the file. */
  readonly problems: readonly ConfigProblem[];

  /**
   * Sorts the problems by their place in the file, and formats the first 20.
   *
   * @param problems in any order
   */
  constructor(
    /** Name of the file in the message. */
    readonly source: string,
    problems: readonly ConfigProblem[],
  ) {
    const sorted = problems.toSorted(
      (a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0),
    );
    const lines = sorted.slice(0, MOST_LINES).map((problem) => formatLine(source, problem));
    if (sorted.length > MOST_LINES) lines.push(`${source}: … and ${sorted.length - MOST_LINES} more`);
    super(lines.join('\n'));
    this.problems = sorted;
  }
}

/** A problem with its position in the text that it was parsed from, if known. */
export function locate(problem: Problem, json: LocatedJson | undefined): ConfigProblem {
  const position = json?.locate(problem.path, problem.at) ?? {};
  return { path: formatPath(problem.path), message: problem.message, ...position };
}

/** A problem for every key that an object of the text holds twice. */
export function duplicateKeys(json: LocatedJson | undefined): ConfigProblem[] {
  return (json?.duplicates ?? []).map(({ path, position, first }) => ({
    path: formatPath(path),
    ...position,
    message: `given twice, first on line ${first.line}`,
  }));
}

function formatLine(source: string, { path, line, column, message }: ConfigProblem): string {
  const where = line === undefined ? source : `${source}:${line}:${column}`;
  return path === '' ? `${where}: ${message}` : `${where}: ${path}: ${message}`;
}
