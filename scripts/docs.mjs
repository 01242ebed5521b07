// The API reference of all public packages, as HTML in .cache/api.  npm run docs [-- FOLDER]
import path from 'node:path';
import { root } from './lib/paths.mjs';
import { setup } from './lib/setup.mjs';
import { runAttached, runMain } from './lib/steps.mjs';

await runMain(async () => {
  await setup();
  const folder = path.resolve(process.env.INIT_CWD ?? root, process.argv[2] ?? path.join(root, '.cache/api'));
  return runAttached(process.execPath, ['tools/api/build.mjs', folder]);
});
