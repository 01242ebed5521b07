// @ts-check
import { Application, Logger, LogLevel } from 'typedoc';
import { typedocOptions } from './options.mjs';
import { commentSatisfiedFields } from './satisfied.mjs';

class Collector extends Logger {
  /** @type {string[]} */
  warnings = [];

  /** @override @param {string} message @param {LogLevel} level */
  log(message, level) {
    super.log(message, level);
    if (level >= LogLevel.Warn) this.warnings.push(message);
  }
}

/**
 * Reads the sources, checks the comments and writes the reference. Resolves to its warnings.
 * @param {{ out?: string } & import('typedoc').TypeDocOptions} [options] nothing is written without `out`;
 * others replace those of this project
 * @returns {Promise<string[]>}
 */
export async function buildReference({ out, ...others } = {}) {
  const app = await Application.bootstrap({ ...typedocOptions({ out }), ...others });
  const logger = new Collector();
  app.logger = logger;
  commentSatisfiedFields(app);
  const project = await app.convert();
  if (!project) return [...logger.warnings, 'the sources cannot be read'];
  app.validate(project);
  if (out !== undefined && logger.warnings.length === 0) await app.generateDocs(project, out);
  return logger.warnings;
}
