// @ts-check
// in-turn.mjs PROGRAM: runs a built program once for each message, which holds its arguments. The program's
// module is evaluated anew each time; the packages that it imports are not.
import { pathToFileURL } from 'node:url';

const [program = ''] = process.argv.slice(2);
let text = { stdout: '', stderr: '' };
let runs = 0;
/** @type {Promise<unknown>} */
let last = Promise.resolve();

for (const name of /** @type {const} */ (['stdout', 'stderr'])) {
  // Each run adds its own listeners.
  process[name].setMaxListeners(0);
  process[name].write = (/** @type {unknown} */ chunk) => {
    text[name] += chunk;
    return true;
  };
}
process.setMaxListeners(0);
process.on('message', (/** @type {string[]} */ args) => {
  last = last.then(() => run(args));
});

/** @param {string[]} args */
async function run(args) {
  text = { stdout: '', stderr: '' };
  process.argv = [process.execPath, program, ...args];
  process.exitCode = undefined;
  await import(`${pathToFileURL(program)}?run=${runs++}`);
  process.send?.({ code: process.exitCode ?? 0, signal: null, ...text });
}
