/**
 * Threads of the addon in WebAssembly: workers of Node or of a page, each with an instance over the same
 * memory.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { WasmExports, WasmModule } from './wasm-module.js';

/**
 * The script of a worker, in Node and in a page: it makes its instance, and computes in
 * native/wasm/threads.cc from then on. A fault there may have damaged memory that all share, so it ends the
 * process as a native fault does. Where nothing ends it, as in a page, or where it is the first process of a
 * container, which such signals do not reach, this run and all later ones fail.
 */
const SCRIPT = `
const start = ({ code, memory, stack }, tell, end) => {
  const imports = {};
  for (const { module, name, kind } of WebAssembly.Module.imports(code)) {
    imports[module] ??= {};
    const call = () => {
      if (name === 'proc_exit') throw new Error('the addon in WebAssembly has ended');
      return 8;
    };
    imports[module][name] = kind === 'memory' ? memory : call;
  }
  const { exports } = new WebAssembly.Instance(code, imports);
  exports.stackRestore(stack);
  const thread = exports.wasm_join();
  try {
    tell('joined');
    exports.wasm_work(thread);
  } catch (error) {
    try {
      end(error);
    } finally {
      exports.wasm_fail();
    }
  }
};
if (typeof require === 'function') {
  const { parentPort, workerData } = require('node:worker_threads');
  const end = (error) => {
    require('node:fs').writeSync(2, String(error.stack) + '\\n');
    process.kill(process.pid, process.platform === 'win32' ? 'SIGKILL' : 'SIGABRT');
  };
  start(workerData, (news) => parentPort.postMessage(news), end);
} else {
  onmessage = ({ data }) => start(data, postMessage, console.error);
}
`;

/** The part of the DOM that is asked for; Node has some of it, too. */
interface Page {
  readonly crossOriginIsolated?: boolean;
  readonly document?: object;
  readonly navigator?: { readonly hardwareConcurrency: number };
  readonly Blob: new (parts: string[], options: object) => object;
  readonly URL: { createObjectURL(of: object): string; revokeObjectURL(url: string): void };
  readonly Worker: new (url: string) => PageWorker;
}
interface PageWorker {
  onmessage: (() => void) | null;
  onerror: (() => void) | null;
  postMessage(data: object): void;
}
const page = globalThis as unknown as Page;

/** Only pages say whether they are isolated. */
const inPage = (): boolean => page.crossOriginIsolated !== undefined;

/** The processors that this process may use, as far as a page can tell. */
export const processors = (): number =>
  inPage() ? (page.navigator?.hardwareConcurrency ?? 1) : availableParallelism();

/** OMP_NUM_THREADS, or the number of processors. */
export function threadsWanted(): number {
  const asked = Number.parseInt(process.env.OMP_NUM_THREADS ?? '', 10);
  return asked >= 1 ? asked : processors();
}

/** Why there can be one thread only, in words; null: there can be more. */
export function whyOneThread(): string | null {
  if (!inPage()) return null;
  if (page.document) return "a page's main thread may not wait for others: load the kernels in a worker";
  if (page.crossOriginIsolated) return null;
  return 'the page is not isolated: serve it with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp';
}

/** The parts of a module that its threads take. */
interface Shared extends Pick<WasmModule, 'code' | 'memory'> {
  readonly exports: Pick<WasmExports, 'wasm_set_threads' | 'wasm_new_stack'>;
}

/**
 * Starts the workers of a module that computes on `threads` threads, the caller's among them. Those that
 * cannot start, or have not yet, are left out of what is computed meanwhile. Resolves once all have started
 * or failed to.
 */
export async function startThreads(wasm: Shared, threads: number): Promise<void> {
  wasm.exports.wasm_set_threads(threads, processors());
  const started = Array.from({ length: threads - 1 }, () => {
    const stack = wasm.exports.wasm_new_stack() >>> 0;
    const data = { code: wasm.code, memory: wasm.memory, stack };
    if (stack === 0) return Promise.resolve();
    // A constructor throws where the system has no thread left, or a policy allows none.
    return (inPage() ? startInPage(data) : startInNode(data)).catch(() => {});
  });
  await Promise.all(started);
}

function startInNode(workerData: object): Promise<void> {
  return new Promise((resolve) => {
    const worker = new Worker(SCRIPT, { eval: true, workerData, execArgv: [] });
    const settle = () => {
      // It waits for work for as long as the process lives, and does not keep it alive.
      worker.unref();
      resolve();
    };
    worker.once('message', settle);
    worker.once('error', settle);
  });
}

function startInPage(data: object): Promise<void> {
  return new Promise((resolve) => {
    const url = page.URL.createObjectURL(new page.Blob([SCRIPT], { type: 'text/javascript' }));
    const worker = new page.Worker(url);
    const settle = () => {
      page.URL.revokeObjectURL(url);
      resolve();
    };
    worker.onmessage = settle;
    worker.onerror = settle;
    worker.postMessage(data);
  });
}
