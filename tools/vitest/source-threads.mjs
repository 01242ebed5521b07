// @ts-check
// Preloaded into test processes and the threads that they start: an import of FILE.js that exists only as
// FILE.ts resolves to it, bundled with the sources that it imports. So code that starts threads runs from
// sources too.
import { register } from 'node:module';

register('./source-hooks.mjs', import.meta.url);
