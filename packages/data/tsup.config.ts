import { defineConfig } from 'tsup';
import { library } from '../../tools/tsup/presets.js';

const options = library();
// The loader's threads run dist/worker.js, which bundlers take as an entry of its own.
export default defineConfig({
  ...options,
  entry: ['src/index.ts', 'src/worker.ts'],
});
