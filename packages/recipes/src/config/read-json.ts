import { readFile } from 'node:fs/promises';
import { ConfigError } from './error.js';
import { JsonSyntaxError, type LocatedJson, parseJson } from './json.js';

/**
 * Reads a JSON file that a person wrote.
 *
 * @param expected what the file should be, for errors
 * @throws {ConfigError} naming the file, and line and column of what is not JSON
 */
export async function readJson(path: string, expected: string): Promise<LocatedJson> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === 'ENOENT' ? 'there is no such file' : `cannot be read (${error.message})`;
    throw new ConfigError(path, [{ path: '', message: `${reason}; expected ${expected}` }]);
  });
  try {
    return parseJson(text);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw new ConfigError(path, [
      { path: '', ...error.position, message: `not valid JSON: ${error.message}` },
    ]);
  }
}
