// Runs an example of examples/.  npm run example -- NAME [ARGUMENTS]
import { readdirSync } from 'node:fs';
import { inRoot } from './lib/paths.mjs';
import { buildPackages } from './lib/pnpm.mjs';
import { setup } from './lib/setup.mjs';
import { runAttached, runMain, StepError } from './lib/steps.mjs';

await runMain(async () => {
  const [name, ...args] = process.argv.slice(2);
  const names = readdirSync(inRoot('examples')).flatMap((file) =>
    file.endsWith('.ts') ? [file.slice(0, -3)] : [],
  );
  if (!name || !names.includes(name)) {
    throw new StepError(`usage: npm run example -- NAME [ARGUMENTS]\nexamples: ${names.join(', ')}`);
  }
  await setup();
  await buildPackages();
  // Loaded here because it needs packages that set-up installs.
  const { buildExample } = await import('../examples/run/build.mjs');
  return runAttached(process.execPath, [await buildExample(name), ...args], {
    cwd: process.env.INIT_CWD ?? process.cwd(),
  });
});
