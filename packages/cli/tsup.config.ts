import { defineConfig } from 'tsup';
import { library } from '../../tools/tsup/presets.js';

// start.js is loaded by itself, before Node is known to be recent enough for the rest.
export default defineConfig(library({ entry: ['src/index.ts', 'src/start.ts'] }));
