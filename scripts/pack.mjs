// Builds the tarballs of every published package into release/: the same commit gives the same bytes.
//   npm run pack [-- [--onednn] [--arm64] [--windows] [FOLDER]]
//   npm run pack -- --native [FOLDER]
// --onednn: as published, with a oneDNN that it builds first for the kernels. --arm64, --windows: also the
// packages for Linux on ARM and for Windows. --native: only the package of this platform; other tarballs in
// FOLDER are kept.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { buildArm64 } from '../tools/arm64/build.mjs';
import { fillAlonePackage, MACOS, WINDOWS } from '../tools/release/alone-package.mjs';
import { OF_ARM64, OF_THIS_SYSTEM } from '../tools/release/libraries.mjs';
import { EMSCRIPTEN_COPYRIGHT } from '../tools/release/licenses.mjs';
import { fillNativePackage, fillWasmPackage } from '../tools/release/native-package.mjs';
import { buildOnednn } from '../tools/release/onednn.mjs';
import { buildWindows } from '../tools/windows/build.mjs';
import { BUILD_PACKAGES, ensureSystemPackages } from './lib/debian.mjs';
import { publishedManifest, publishedMembers } from './lib/members.mjs';
import { buildWasm, CHECKOUT_BUILD, ensureNativeAddon, WASM_ADDON } from './lib/native.mjs';
import { inRoot } from './lib/paths.mjs';
import { buildPackages, ensureDependencies } from './lib/pnpm.mjs';
import { setup } from './lib/setup.mjs';
import { runMain, StepError, say, step } from './lib/steps.mjs';

const THIS_PLATFORM = `${process.platform}-${process.arch}`;
const STAGE = inRoot('.cache', 'pack');
const RELEASE_BUILD = '.cache/native';
const MOST_NATIVE_BYTES = 12e6;
const WASM_PACKAGE = '@inplace-abn/native-wasm';
const MOST_WASM_BYTES = 4e6;
/** Output files of an earlier run. */
const MADE = /\.tgz$|^SHA256SUMS$/;

/** @typedef {(member: string, folder: string) => void} Fill  fills the folder of a platform's package */

/** @param {string} file */
const sha256 = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');

await runMain(async () => {
  const { values, positionals } = parseArgs({
    options: {
      onednn: { type: 'boolean' },
      arm64: { type: 'boolean' },
      windows: { type: 'boolean' },
      native: { type: 'boolean' },
    },
    allowPositionals: true,
  });
  const folder = path.resolve(process.env.INIT_CWD ?? process.cwd(), positionals[0] ?? inRoot('release'));
  const build = values.onednn ? await buildRelease() : CHECKOUT_BUILD;
  if (!values.onednn) await setup();
  /** @type {Record<string, Fill>} */
  const fills = { [THIS_PLATFORM]: fillHere(build) };
  if (values.native) return packHere(folder, fills);
  if (values.arm64) {
    const arm64 = await buildArm64();
    fills['linux-arm64'] = (...folders) => fillNativePackage(...folders, arm64, OF_ARM64);
  }
  if (values.windows) {
    const windows = await buildWindows();
    fills['win32-x64'] = (...folders) => fillAlonePackage(...folders, windows, WINDOWS);
  }
  const inWasm = await buildWasmToPack(values.onednn ?? false);
  await buildPackages();
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder).filter((each) => MADE.test(each))) rmSync(path.join(folder, name));
  for (const { folder: member, manifest } of publishedMembers()) {
    if (manifest.name === WASM_PACKAGE) {
      if (inWasm) await step(manifest.name, () => packWasm(member, folder));
      continue;
    }
    await step(manifest.name, () =>
      manifest.os ? packNative(member, manifest, folder, fills) : packMember(member, manifest, folder),
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
 * Fills the package of this platform.
 * @param {string} build  folder of the addon's build
 * @returns {Fill}
 */
function fillHere(build) {
  if (process.platform === 'darwin') return (...folders) => fillAlonePackage(...folders, build, MACOS);
  if (process.platform === 'linux')
    return (...folders) => fillNativePackage(...folders, build, OF_THIS_SYSTEM);
  return () => {
    throw new StepError('the package of this platform is packed on Debian: npm run pack -- --windows');
  };
}

/**
 * @param {string} folder
 * @param {Record<string, Fill>} fills
 */
async function packHere(folder, fills) {
  const name = `@inplace-abn/native-${THIS_PLATFORM}`;
  const member = publishedMembers().find(({ manifest }) => manifest.name === name);
  if (!member) throw new StepError(`there is no package ${name}`);
  mkdirSync(folder, { recursive: true });
  await step(name, () => packNative(member.folder, member.manifest, folder, fills));
}

/**
 * Builds the addon in WebAssembly, which is packed with Emscripten's licenses.
 * @param {boolean} released
 * @returns {Promise<boolean>} whether it can be packed
 */
async function buildWasmToPack(released) {
  const built = await buildWasm();
  if (built && existsSync(EMSCRIPTEN_COPYRIGHT)) return true;
  const lack = `${WASM_PACKAGE} takes Emscripten as Debian packs it, with its licenses (apt-get install emscripten)`;
  if (released) throw new StepError(`a release has all packages: ${lack}`);
  say(`! ${WASM_PACKAGE} is left out: ${lack}`);
  return false;
}

/** Builds the addon with our build of oneDNN, in a separate folder. */
async function buildRelease() {
  await ensureSystemPackages([...BUILD_PACKAGES, 'emscripten']);
  await ensureDependencies();
  const onednn = await buildOnednn();
  await ensureNativeAddon({
    folder: RELEASE_BUILD,
    further: ['--CDIABN_ONEDNN=ON', `--CDdnnl_DIR=${onednn.cmakeFiles}`],
    inputs: [onednn.stamp],
  });
  return RELEASE_BUILD;
}

/**
 * Packs with npm, because pnpm writes dependencies in an order that differs from run to run.
 * @param {string} member
 * @param {any} manifest
 * @param {string} folder
 */
async function packMember(member, manifest, folder) {
  const stage = path.join(STAGE, path.basename(member));
  rmSync(stage, { recursive: true, force: true });
  mkdirSync(stage, { recursive: true });
  for (const name of [...manifest.files, 'README.md']) {
    cpSync(inRoot(member, name), path.join(stage, name), { recursive: true });
  }
  cpSync(inRoot('LICENSE'), path.join(stage, 'LICENSE'));
  const versions = new Map(publishedMembers().map((each) => [each.manifest.name, each.manifest.version]));
  const published = JSON.stringify(publishedManifest(manifest, versions), null, 2);
  writeFileSync(path.join(stage, 'package.json'), `${published}\n`);
  npmPack(stage, folder);
}

/**
 * @param {string} member
 * @param {{ name: string, os: string[], cpu: string[] }} manifest
 * @param {string} folder
 * @param {Record<string, Fill>} fills  by platform
 */
async function packNative(member, { name, os: [os], cpu: [cpu] }, folder, fills) {
  const fill = fills[`${os}-${cpu}`];
  if (!fill) {
    say(`! ${name} is left out: it is packed on its own platform, or on Debian with --arm64 or --windows`);
    return;
  }
  const stage = path.join(STAGE, path.basename(member));
  fill(member, stage);
  const size = npmPack(stage, folder);
  if (size <= MOST_NATIVE_BYTES) return;
  const excess = `${name} has ${size} bytes packed, more than ${MOST_NATIVE_BYTES}`;
  // The system's oneDNN has more primitives than the kernels call.
  if (!readdirSync(stage).some((file) => file.startsWith('libdnnl'))) throw new StepError(excess);
  say(`! ${excess}: a release is packed with --onednn`);
}

/**
 * @param {string} member
 * @param {string} folder
 */
async function packWasm(member, folder) {
  const stage = path.join(STAGE, path.basename(member));
  fillWasmPackage(member, stage, WASM_ADDON);
  const { size } = statSync(path.join(stage, path.basename(WASM_ADDON)));
  if (size > MOST_WASM_BYTES) {
    throw new StepError(`${WASM_PACKAGE} has ${size} bytes, more than ${MOST_WASM_BYTES}`);
  }
  npmPack(stage, folder);
}

/**
 * @param {string} stage
 * @param {string} folder
 * @returns {number} bytes of the tarball
 */
function npmPack(stage, folder) {
  const args = ['pack', '--json', '--pack-destination', folder];
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd: stage, encoding: 'utf8' });
  if (status !== 0) throw new StepError(stderr);
  return JSON.parse(stdout)[0].size;
}
