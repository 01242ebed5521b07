import { defineConfig } from 'tsup';
import { library } from '../../tools/tsup/presets.js';

const options = library();
// The loader's threads run dist/worker.js.
export default defineConfig({
  ...options,
  entry: ['src/index.ts', 'src/worker.ts'],
  dts: { entry: 'src/index.ts', compilerOptions: { paths: {} } },
});
