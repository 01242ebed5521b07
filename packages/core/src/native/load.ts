/** Finds and loads the native addon: a path given by hand, the platform's package, a local build. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NativeAddonError } from '../errors.js';
import type { NativeAddon } from './addon.js';
import { adviceFor, thisSystem } from './advice.js';
import { prebuiltFile, prebuiltFolder, prebuiltName, tamperedFiles } from './prebuilt.js';

const FILE = 'inplace_abn.node';

/** Where an addon may be: its name in messages, and its path, which may turn out not to be usable. */
interface Place {
  readonly name: string;
  readonly path: () => string;
}

let loaded: NativeAddon | null = null;

/**
 * Loads the addon once.
 *
 * @throws {NativeAddonError} with the one command that helps, and every place tried
 */
export function loadNative(): NativeAddon {
  if (loaded) return loaded;
  limitSpinning();
  const require = createRequire(import.meta.url);
  const chosen = process.env.IABN_ADDON;
  const prebuilt = prebuiltPlace(require.resolve);
  const local = localBuild(dirname(fileURLToPath(import.meta.url)));
  const places = chosen
    ? [{ name: chosen, path: () => chosen }]
    : [prebuilt, local].filter((place) => place !== null);
  const failures: string[] = [];
  for (const { name, path } of places) {
    try {
      loaded = require(path()) as NativeAddon;
      return loaded;
    } catch (error) {
      const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
      failures.push(`  ${name}: ${reason}`);
    }
  }
  const advice = chosen
    ? 'IABN_ADDON names an addon that cannot be loaded: correct the path, or unset it'
    : adviceFor(thisSystem(), {
        installed: prebuilt !== null,
        built: local !== null,
        failure: failures.join('\n'),
      });
  throw new NativeAddonError([advice, ...failures].join('\n'));
}

/**
 * Compares the files of the platform's package with the hashes that they were packed with; reads all of them.
 *
 * @throws {NativeAddonError} where one differs, with the command that helps
 */
export function verifyNativeFiles(): void {
  const platform = `${process.platform}-${process.arch}`;
  const name = prebuiltName(platform);
  const folder = prebuiltFolder(name, createRequire(import.meta.url).resolve);
  const [file] = folder === null ? [] : tamperedFiles(folder);
  if (file === undefined) return;
  throw new NativeAddonError(
    `${file} of ${name} is not what was packed: run \`npm ci\`, or remove node_modules and run \`npm install\``,
  );
}

/**
 * How long OpenMP's workers spin at a barrier before they sleep. The default, about a millisecond, makes a step
 * five times slower as soon as one more thread is busy on the machine; this costs nothing on an idle one.
 * It is read when the addon brings in the OpenMP runtime; settings of the user's own stand.
 */
function limitSpinning(): void {
  if (process.env.OMP_WAIT_POLICY === undefined) process.env.GOMP_SPINCOUNT ??= '20000';
}

function prebuiltPlace(resolve: (request: string) => string): Place | null {
  const name = prebuiltName(`${process.platform}-${process.arch}`);
  const folder = prebuiltFolder(name, resolve);
  return folder === null ? null : { name, path: () => prebuiltFile(folder, FILE) };
}

/** native/build/Release of the repository this file is in, if any. */
function localBuild(start: string): Place | null {
  for (let folder = start; folder !== dirname(folder); folder = dirname(folder)) {
    const file = join(folder, 'native', 'build', 'Release', FILE);
    if (existsSync(file)) return { name: file, path: () => file };
  }
  return null;
}
