// @ts-check
// Runs the program data with this process's arguments, and writes its peak of resident bytes to file
// descriptor 3.
import { writeSync } from 'node:fs';
import { residentBytes } from './resident.mjs';

process.on('exit', () => {
  writeSync(3, String(residentBytes().peak));
});
const path = new URL('../../apps/train-imagenet/dist/data.js', import.meta.url);
process.argv[1] = path.pathname;
await import(path.href);
