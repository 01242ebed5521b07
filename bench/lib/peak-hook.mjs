// @ts-check
// Imported into a program before it starts: writes its peak resident bytes to $IABN_PEAK_FILE when it ends.
import { writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { residentBytes } from './resident.mjs';

const { IABN_PEAK_FILE } = process.env;
if (isMainThread && IABN_PEAK_FILE) {
  process.on('exit', () => writeFileSync(IABN_PEAK_FILE, String(residentBytes().peak)));
}
