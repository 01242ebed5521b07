// @ts-check
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository root, without a trailing slash. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '');

/** @param {...string} parts */
export const inRoot = (...parts) => path.join(root, ...parts);
