import { defineConfig } from 'tsup';
import { library } from '../../tools/tsup/presets.js';

const exported = [
  'index',
  'checkpoint',
  'core',
  'data',
  'interop',
  'models',
  'nn',
  'optim',
  'recipes',
  'session',
  'train',
];
const entry = exported.map((name) => `src/${name}.ts`);

export default defineConfig(
  library({ entry: [...entry, 'src/cli.ts'], dts: { entry, compilerOptions: { paths: {} } } }),
);
