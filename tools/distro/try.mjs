// Runs a command on a minimal Debian system of its own, with this checkout in it; without a command, a shell.
//
//   node tools/distro/try.mjs [--folder FOLDER] SUITE [COMMAND…]       as root
//
//   node tools/distro/try.mjs 13 npm run demo
//   node tools/distro/try.mjs bookworm npx vitest run packages/core/test/kernels
//
// SUITE is bookworm (12) or trixie (13). The system lies in .cache/distro/SUITE and is used again; remove the
// folder to start over. This machine's mirrors, proxies and certificates are copied into it.
import path from 'node:path';
import { runMain, StepError } from '../../scripts/lib/steps.mjs';
import { copyCheckout, defaultFolder, ensureNode, ensureSystem, runInSystem, suiteNamed } from './system.mjs';

await runMain(async () => {
  const args = process.argv.slice(2);
  const named = args[0] === '--folder' ? args.splice(0, 2)[1] : undefined;
  const [name, ...command] = args;
  if (!name || name.startsWith('-')) {
    throw new StepError('usage: node tools/distro/try.mjs [--folder FOLDER] SUITE [COMMAND…]');
  }
  const suite = suiteNamed(name);
  const folder = named ? path.resolve(named) : defaultFolder(suite);
  await ensureSystem(suite, folder);
  copyCheckout(folder);
  await ensureNode(folder);
  return runInSystem(folder, command.length > 0 ? command : ['bash']);
});
