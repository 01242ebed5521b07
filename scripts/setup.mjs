// Installs what is missing and builds the native addon.  npm run setup
import { setup } from './lib/setup.mjs';
import { runMain } from './lib/steps.mjs';

await runMain(() => setup());
