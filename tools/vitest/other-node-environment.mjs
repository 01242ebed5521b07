// @ts-check
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { inRoot } from '../../scripts/lib/paths.mjs';

const PRELOADED = pathToFileURL(inRoot('tools', 'vitest', 'other-node.mjs')).href;

/**
 * Environment variables with which vitest starts its test processes by another command than `node`.
 * @param {string} program  path of the script to write for that
 * @param {string[]} words  of the command
 * @returns {Record<string, string>}
 */
export function otherNode(program, words) {
  mkdirSync(path.dirname(program), { recursive: true });
  writeFileSync(program, `#!/bin/sh\nexec ${words.map(quoted).join(' ')} "$@"\n`);
  chmodSync(program, 0o755);
  return { IABN_TEST_NODE: program, NODE_OPTIONS: `--import=${PRELOADED}` };
}

/**
 * Quotes a word for a shell.
 * @param {string} word
 */
export const quoted = (word) => `'${word.replaceAll("'", "'\\''")}'`;
