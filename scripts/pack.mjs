// Builds the tarballs of every published package into release/: the same commit gives the same bytes.
//   npm run pack [-- FOLDER]
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fillNativePackage } from '../tools/release/native-package.mjs';
import { publishedMembers } from './lib/members.mjs';
import { inRoot } from './lib/paths.mjs';
import { buildPackages, pnpmCommand } from './lib/pnpm.mjs';
import { setup } from './lib/setup.mjs';
import { runLogged, runMain, StepError, say, step } from './lib/steps.mjs';

const STAGE = inRoot('.cache', 'pack');
const MOST_NATIVE_BYTES = 12e6;
/** What an earlier run left. */
const MADE = /\.tgz$|^SHA256SUMS$/;

/** @param {string} file */
const sha256 = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');

await runMain(async () => {
  const folder = path.resolve(process.env.INIT_CWD ?? process.cwd(), process.argv[2] ?? inRoot('release'));
  await setup();
  await buildPackages();
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder).filter((each) => MADE.test(each))) rmSync(path.join(folder, name));
  for (const { folder: member, manifest } of publishedMembers()) {
    await step(manifest.name, () =>
      manifest.os ? packNative(member, manifest, folder) : packMember(member, folder),
    );
  }
  const tarballs = readdirSync(folder)
    .filter((name) => name.endsWith('.tgz'))
    .sort();
  const lines = tarballs.map((name) => `${sha256(path.join(folder, name))}  ${name}\n`);
  writeFileSync(path.join(folder, 'SHA256SUMS'), lines.join(''));
  const bytes = tarballs.reduce((sum, name) => sum + statSync(path.join(folder, name)).size, 0);
  say(`${tarballs.length} tarballs, ${(bytes / 1e6).toFixed(1)} MB, in ${folder}`);
  return 0;
});

/**
 * pnpm turns `workspace:` into versions and adds the license.
 * @param {string} member
 * @param {string} folder
 */
function packMember(member, folder) {
  return runLogged('pack', ...pnpmCommand(['pack', '--pack-destination', folder]), { cwd: inRoot(member) });
}

/**
 * @param {string} member
 * @param {{ name: string, os: string[], cpu: string[] }} manifest
 * @param {string} folder
 */
async function packNative(member, { name, os, cpu }, folder) {
  if (!os.includes(process.platform) || !cpu.includes(process.arch)) {
    say(`! ${name} is left out: it is packed on its own platform`);
    return;
  }
  const stage = path.join(STAGE, path.basename(member));
  await fillNativePackage(member, stage);
  const { status, stdout, stderr } = spawnSync('npm', ['pack', '--json', '--pack-destination', folder], {
    cwd: stage,
    encoding: 'utf8',
  });
  if (status !== 0) throw new StepError(stderr);
  const [{ size }] = JSON.parse(stdout);
  if (size > MOST_NATIVE_BYTES) {
    throw new StepError(`${name} has ${size} bytes packed, more than ${MOST_NATIVE_BYTES}`);
  }
}
