// The documentation as a static site with the API reference, in .cache/site.  npm run site [-- FOLDER]
import path from 'node:path';
import { root } from './lib/paths.mjs';
import { setup } from './lib/setup.mjs';
import { runAttached, runMain } from './lib/steps.mjs';

await runMain(async () => {
  await setup();
  const folder = path.resolve(
    process.env.INIT_CWD ?? root,
    process.argv[2] ?? path.join(root, '.cache/site'),
  );
  return runAttached(process.execPath, ['tools/site/build.mjs', folder]);
});
