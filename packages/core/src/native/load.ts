/** Finds and loads the native addon: an explicit path, the platform's package, or a local build. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NativeAddonError } from '../errors.js';
import type { NativeAddon } from './addon.js';
import { adviceFor, thisSystem } from './advice.js';
import { prebuiltFile, prebuiltFolder, prebuiltName, tamperedFiles } from './prebuilt.js';

const FILE = 'inplace_abn.node';

/** A candidate location of the addon: its name in messages, and its path, which throws if unusable. */
interface Place {
  readonly name: string;
  readonly path: () => string;
}

let loaded: NativeAddon | null = null;

/**
 * Loads the addon once.
 *
 * @throws {NativeAddonError} with the one command that fixes it and every location tried
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
 * Checks the files of the platform's package against their packed hashes. Reads every file in full.
 *
 * @throws {NativeAddonError} if a file differs, with the command that fixes it
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
 * Limits how long OpenMP workers spin at a barrier before they sleep. With the default of about a
 * millisecond, a step is five times slower as soon as one other thread is busy; a short spin costs nothing on
 * an idle machine. Must be set before the addon loads the OpenMP runtime. User settings take precedence.
 */
function limitSpinning(): void {
  if (process.env.OMP_WAIT_POLICY === undefined) process.env.GOMP_SPINCOUNT ??= '20000';
}

function prebuiltPlace(resolve: (request: string) => string): Place | null {
  const name = prebuiltName(`${process.platform}-${process.arch}`);
  const folder = prebuiltFolder(name, resolve);
  return folder === null ? null : { name, path: () => prebuiltFile(folder, FILE) };
}

/** native/build/Release of the repository that contains this file, if any. */
function localBuild(start: string): Place | null {
  for (let folder = start; folder !== dirname(folder); folder = dirname(folder)) {
    const file = join(folder, 'native', 'build', 'Release', FILE);
    if (existsSync(file)) return { name: file, path: () => file };
  }
  return null;
}
