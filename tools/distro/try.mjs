// Runs a command, or without one a shell, in a minimal Debian system with this checkout in it.
//
//   node tools/distro/try.mjs [--folder FOLDER] SUITE [--with PACKAGES] [COMMAND…]       as root
//
//   node tools/distro/try.mjs 13 npm run demo
//   node tools/distro/try.mjs 13 --with python3-torch,python3-torchvision,libtorch-dev,python3-dev,python3-setuptools,g++     prepares tools/distro/python3
//   node tools/distro/try.mjs bookworm npx vitest run packages/core/test/kernels
//
// SUITE is bookworm (12) or trixie (13). --with installs Debian packages, and without a command does nothing
// else. The system is in .cache/distro/SUITE and is reused; remove the folder to start over. This
// machine's mirrors, proxies and certificates are copied into it.
import path from 'node:path';
import { runMain, StepError } from '../../scripts/lib/steps.mjs';
import {
  copyCheckout,
  defaultFolder,
  ensureNode,
  ensurePackages,
  ensureSystem,
  runInSystem,
  suiteNamed,
} from './system.mjs';

await runMain(async () => {
  const args = process.argv.slice(2);
  const named = args[0] === '--folder' ? args.splice(0, 2)[1] : undefined;
  const [name, ...rest] = args;
  const packages = rest[0] === '--with' ? (rest.splice(0, 2)[1] ?? '').split(',').filter(Boolean) : [];
  const command = rest;
  if (!name || name.startsWith('-')) {
    throw new StepError(
      'usage: node tools/distro/try.mjs [--folder FOLDER] SUITE [--with PACKAGES] [COMMAND…]',
    );
  }
  const suite = suiteNamed(name);
  const folder = named ? path.resolve(named) : defaultFolder(suite);
  await ensureSystem(suite, folder);
  await ensurePackages(folder, packages);
  if (packages.length > 0 && command.length === 0) return 0;
  copyCheckout(folder);
  await ensureNode(folder);
  return runInSystem(folder, command.length > 0 ? command : ['bash']);
});
