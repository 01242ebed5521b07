// @ts-check
import { existsSync, rmSync } from 'node:fs';
import { BUILD_PACKAGES, installedPackages } from './debian.mjs';
import { inRoot } from './paths.mjs';
import { filesUnder, hashOf, readStamp, writeStamp } from './stamp.mjs';
import { runLogged, step } from './steps.mjs';

const STAMP = 'native/build/.stamp';
const ADDON = 'native/build/Release/inplace_abn.node';

/** Builds the native addon unless sources, options and libraries are those of the last build. */
export async function ensureNativeAddon() {
  if (!existsSync(inRoot('native', 'CMakeLists.txt'))) return;
  const sources = filesUnder('native', ['build', 'node_modules']);
  const [configuration, contents] = [configurationHash(), hashOf(sources)];
  if (readStamp(STAMP) === `${configuration}\n${contents}\n` && existsSync(inRoot(ADDON))) return;

  await step('native addon', async () => {
    // cmake-js builds on in an existing cache without configuring it again.
    if (!readStamp(STAMP).startsWith(configuration))
      rmSync(inRoot('native', 'build'), { recursive: true, force: true });
    await runLogged('native-build', 'npm', ['run', 'compile'], { cwd: inRoot('native') });
  });
  writeStamp(STAMP, `${configuration}\n${contents}\n`);
}

/**
 * What an existing build folder does not notice: build options, library and compiler versions. Sources and
 * CMakeLists.txt it follows by itself.
 */
function configurationHash() {
  const versions = [...(installedPackages(BUILD_PACKAGES) ?? [])].map(
    ([name, version]) => `${name} ${version}`,
  );
  const settings = ['CC', 'CXX', 'CFLAGS', 'CXXFLAGS', 'CUDACXX', 'CUDAFLAGS'].map(
    (name) => process.env[name] ?? '',
  );
  return hashOf(['native/package.json'], [...versions.sort(), ...settings]);
}
