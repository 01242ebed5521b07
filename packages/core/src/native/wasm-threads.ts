/**
 * Threads of the addon in WebAssembly: workers of Node or of a page, each with an instance over the same
 * memory.
 */
import { Worker } from 'node:worker_threads';
import { availableProcessors } from '../devices/processors.js';
import type { WasmExports, WasmModule } from './wasm-module.js';

/**
 * The script of a worker, in Node and in a page: it creates an instance, and from then on computes in
 * native/wasm/threads.cc. A fault there may have damaged the shared memory, so it ends the process as a
 * native fault does. A page cannot be ended, nor can the first process of a container, which ignores such
 * signals: there, this run and all later ones fail.
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

/** The parts of the DOM that are used here; Node has some of them. */
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

/** Only browsers define `crossOriginIsolated`. */
const inPage = (): boolean => page.crossOriginIsolated !== undefined;

/** Number of CPUs that this process may use; a page may not see all of them. */
export const processors = (): number =>
  inPage() ? (page.navigator?.hardwareConcurrency ?? 1) : availableProcessors();

/** OMP_NUM_THREADS, or the number of CPUs. */
export function threadsWanted(): number {
  const asked = Number.parseInt(process.env.OMP_NUM_THREADS ?? '', 10);
  return asked >= 1 ? asked : processors();
}

/** Why only one thread can compute, as a clause; null if several can. */
export function whyOneThread(): string | null {
  if (!inPage()) return null;
  if (page.document) return "a page's main thread may not wait for others: load the kernels in a worker";
  if (page.crossOriginIsolated) return null;
  return 'the page is not isolated: serve it with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp';
}

/** The parts of a module that its threads need. */
interface Shared extends Pick<WasmModule, 'code' | 'memory'> {
  readonly exports: Pick<WasmExports, 'wasm_set_threads' | 'wasm_new_stack'>;
}

/**
 * Starts the workers of a module that computes on `threads` threads, including the caller's. Kernels do not
 * wait for workers that cannot start or have not started yet. Resolves once all have started or failed to.
 */
export async function startThreads(wasm: Shared, threads: number): Promise<void> {
  wasm.exports.wasm_set_threads(threads, processors());
  const started = Array.from({ length: threads - 1 }, () => {
    const stack = wasm.exports.wasm_new_stack() >>> 0;
    const data = { code: wasm.code, memory: wasm.memory, stack };
    if (stack === 0) return Promise.resolve();
    // The constructor throws if the system has no thread left, or a page's policy forbids workers.
    return (inPage() ? startInPage(data) : startInNode(data)).catch(() => {});
  });
  await Promise.all(started);
}

function startInNode(workerData: object): Promise<void> {
  return new Promise((resolve) => {
    const worker = new Worker(SCRIPT, { eval: true, workerData, execArgv: [] });
    const settle = () => {
      // The worker waits for work until the process ends, but must not keep it alive.
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
