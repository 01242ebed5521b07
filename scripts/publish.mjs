// @ts-check
// Publishes the tarballs in FOLDER on npm, except those that are published already. The release workflow runs
// it, without dependencies.
//   node scripts/publish.mjs FOLDER
import { publishAll } from '../tools/release/publish.mjs';
import { runMain, StepError } from './lib/steps.mjs';

await runMain(async () => {
  const [folder] = process.argv.slice(2);
  if (folder === undefined)
    throw new StepError('name the folder of the tarballs: node scripts/publish.mjs FOLDER');
  publishAll(folder);
});
