import { defineConfig } from 'tsup';
import { library } from '../../tools/tsup/presets.js';

export default defineConfig(
  library({
    entry: ['src/index.ts', 'src/cli/doctor.ts'],
    dts: { entry: 'src/index.ts', compilerOptions: { paths: {} } },
  }),
);
