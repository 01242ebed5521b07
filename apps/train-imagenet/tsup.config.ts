import { defineConfig } from 'tsup';
import { program } from '../../tools/tsup/presets.js';

export default defineConfig(
  program(['src/main.ts', 'src/plan.ts', 'src/data.ts', 'src/replay.ts', 'src/compare.ts']),
);
