import { defineConfig } from 'tsup';
import { library } from '../../tools/tsup/presets.js';

export default defineConfig(library());
