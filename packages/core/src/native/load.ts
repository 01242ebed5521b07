/**
 * Finds and loads the native addon: from an explicit path, the platform's package, or a local build. Systems
 * that have none get the WebAssembly addon.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { availableProcessors } from '../devices/processors.js';
import { checkNumber, NativeAddonError, UsageError } from '../errors.js';
import type { NativeAddon } from './addon.js';
import { adviceFor, isServed, thisSystem } from './advice.js';
import { onThreads } from './on-threads.js';
import { prebuiltFile, prebuiltFolder, prebuiltName, tamperedFiles } from './prebuilt.js';
import { wasmAddon } from './wasm-addon.js';
import { compileWasm, compileWasmLater, type WasmCode, WasmModule } from './wasm-module.js';
import { startThreads, threadsWanted, whyOneThread } from './wasm-threads.js';

const FILE = 'inplace_abn.node';
const WASM_FILE = 'inplace_abn.wasm';

/** A candidate location of the addon: its name in messages, and its path, which throws if unusable. */
interface Place {
  readonly name: string;
  readonly path: () => string;
}

let loaded: NativeAddon | null = null;

/**
 * Loads the addon once. Systems without a native one, such as those with musl, get the WebAssembly addon,
 * with a warning.
 *
 * @throws {NativeAddonError} with the one command that fixes it and every location tried
 */
export function loadNative(): NativeAddon {
  if (loaded) return loaded;
  limitSpinning();
  const require = createRequire(import.meta.url);
  const chosen = process.env.IABN_ADDON;
  const prebuilt = prebuiltPlace(prebuiltName(`${process.platform}-${process.arch}`), FILE, require.resolve);
  const local = localBuild('build/Release', FILE);
  const places = chosen
    ? [{ name: chosen, path: () => chosen }]
    : [prebuilt, local].filter((place) => place !== null);
  const failures: string[] = [];
  for (const { name, path } of places) {
    try {
      const file = path();
      const load = () => require(file) as NativeAddon;
      loaded = file.endsWith('.wasm') ? wasmOf(file) : onThreads(availableProcessors(), load);
      return loaded;
    } catch (error) {
      const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
      failures.push(`  ${name}: ${reason}`);
    }
  }
  if (!chosen && local === null) loaded = fallback(require.resolve);
  if (loaded) return loaded;
  const advice = chosen
    ? 'IABN_ADDON names an addon that cannot be loaded: correct the path, or unset it'
    : adviceFor(thisSystem(), {
        installed: prebuilt !== null,
        built: local !== null,
        failure: failures.join('\n'),
      });
  throw new NativeAddonError([advice, ...failures].join('\n'));
}

/** Options of {@link loadWasm}. */
export interface LoadWasmOptions {
  /** Number of threads that compute; default OMP_NUM_THREADS, or the number of CPUs. */
  readonly threads?: number;
}

/**
 * Loads the addon in WebAssembly from the bytes of `inplace_abn.wasm`, where a program cannot find the file
 * itself, as in a browser. Call it before anything computes. Runs block the thread that starts them, so use a
 * worker.
 *
 * In a browser, several threads need a cross-origin isolated page, because they share memory. On other pages
 * it computes on one thread, with a warning on the console.
 *
 * @throws UsageError, code ERR_USAGE, if an addon is already loaded; code ERR_OPTION_VALUE for a number of
 *   threads that is not a positive integer
 */
export async function loadWasm(
  bytes: Uint8Array,
  { threads = threadsWanted() }: LoadWasmOptions = {},
): Promise<void> {
  checkNumber('loadWasm', 'threads', 'a positive integer', threads);
  const code = await compileWasmLater(bytes);
  if (loaded)
    throw new UsageError('an addon is already loaded: call loadWasm once, before anything computes');
  const { addon, started } = startWasm(code, threads);
  loaded = addon;
  await started;
}

/**
 * The WebAssembly addon on `wanted` threads, or on one where the others could not compute, with a warning on
 * the console. Each thread takes part as soon as it has started; `started` resolves once all have.
 */
function startWasm(code: WasmCode, wanted: number): { addon: NativeAddon; started: Promise<void> } {
  const alone = wanted > 1 ? whyOneThread() : null;
  if (alone !== null) console.warn(`inplace-abn computes on one thread: ${alone}`);
  const wasm = new WasmModule(code);
  const threads = alone === null ? wanted : 1;
  const started = startThreads(wasm, threads);
  return { addon: wasmAddon(wasm, threads), started };
}

/** The WebAssembly addon in `file`. */
const wasmOf = (file: string): NativeAddon =>
  startWasm(compileWasm(readFileSync(file)), threadsWanted()).addon;

/** The WebAssembly addon on a system without a native one; null on other systems, or if it is missing. */
function fallback(resolve: (request: string) => string): NativeAddon | null {
  const system = thisSystem();
  if (isServed(system)) return null;
  const place =
    prebuiltPlace(prebuiltName('wasm'), WASM_FILE, resolve) ?? localBuild('build-wasm', WASM_FILE);
  if (!place) return null;
  const addon = wasmOf(place.path());
  const where = system.libc === null ? system.platform : `${system.platform} with ${libraryOf(system.libc)}`;
  const threads = addon.threads() === 1 ? 'one thread' : `${addon.threads()} threads`;
  process.emitWarning(`no native kernels for ${where}: computing in WebAssembly, on ${threads}`, {
    code: 'IABN_WEBASSEMBLY',
  });
  return addon;
}

const libraryOf = (libc: string): string => (libc === 'musl' ? libc : `glibc ${libc}`);

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
    `${file} of ${name} differs from the published file: run \`npm ci\`, or remove node_modules and run \`npm install\``,
  );
}

/**
 * Limits how long OpenMP workers spin at a barrier before they sleep. With the default of about a
 * millisecond, a step is five times slower as soon as one other thread is busy; a short spin costs nothing on
 * an idle machine. User settings take precedence. The OpenMP runtime reads the variable once, as it is loaded
 * with the addon. On a worker thread this does nothing: `process.env` is a copy there (docs/packages.md).
 */
function limitSpinning(): void {
  if (process.env.OMP_WAIT_POLICY === undefined) process.env.GOMP_SPINCOUNT ??= '20000';
}

function prebuiltPlace(name: string, file: string, resolve: (request: string) => string): Place | null {
  const folder = prebuiltFolder(name, resolve);
  return folder === null ? null : { name, path: () => prebuiltFile(folder, file) };
}

/** `native/BUILD/NAME` in the checkout that contains this file; null if there is none. */
function localBuild(build: string, name: string): Place | null {
  const start = dirname(fileURLToPath(import.meta.url));
  for (let folder = start; folder !== dirname(folder); folder = dirname(folder)) {
    const file = join(folder, 'native', build, name);
    if (existsSync(file)) return { name: file, path: () => file };
  }
  return null;
}
