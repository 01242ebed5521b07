// @ts-check
// threads.mjs ADDON COUNT: loads the addon on that many threads, and prints how many it has and what a child
// process would see of OMP_NUM_THREADS.
import { createRequire } from 'node:module';

const [file = '', count = ''] = process.argv.slice(2);
const source = new URL('../../../src/native/on-threads.js', import.meta.url).href;
/** @type {typeof import('../../../src/native/on-threads.js')} */
const { onThreads } = await import(source);
/** @type {import('../../../src/native/addon.js').NativeAddon} */
const addon = onThreads(Number(count), () => createRequire(import.meta.url)(file));
console.log(JSON.stringify([addon.threads(), process.env.OMP_NUM_THREADS ?? null]));
