// Builds every package and app into its dist folder.  npm run build
import { buildPackages } from './lib/pnpm.mjs';
import { setup } from './lib/setup.mjs';
import { runMain } from './lib/steps.mjs';

await runMain(async () => {
  await setup();
  await buildPackages();
});
