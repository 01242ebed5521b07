// @ts-check
// Preloaded into test processes and, with them, into the threads they start: what asks for FILE.js where there is only
// FILE.ts gets that, bundled with the sources it imports. So code that starts threads runs on source, too.
import { register } from 'node:module';

register('./source-hooks.mjs', import.meta.url);
