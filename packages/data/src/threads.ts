import { Worker } from 'node:worker_threads';
import type { CacheSpec } from './decoded-cache.js';
import { DataError, type ImageErrorCode, reasonOf } from './errors.js';
import type { ImageFacts } from './inspect.js';
import type { LabelFacts } from './inspect-labels.js';
import type { LabelCoding } from './label-coding.js';
import type { FilePart } from './labeled-files.js';
import type { ModuleSpec } from './module-transform.js';
import type { SharedSlot } from './ring.js';
import type { SegmentationSpec } from './segmentation-transform.js';
import type { TransformSpec } from './transform.js';

/** Per-epoch setup of a worker thread. */
export interface RunSetup {
  readonly transform: TransformSpec | SegmentationSpec | ModuleSpec;
  readonly seed: number;
  readonly epoch: number;
  readonly maxPixels: number;
  /** How label maps code classes. */
  readonly coding?: LabelCoding;
  readonly cache?: CacheSpec;
  readonly slots: readonly SharedSlot[];
}

/** An image to read. */
export interface FileTask {
  readonly path: string;
  /** Where its content is, if not in a file of its own. */
  readonly part?: FilePart;
  /** Path of the label map, for segmentation. */
  readonly labelPath?: string;
}

/** An image to make: its row in the batch, the index that seeds its augmentation, and the files to read. */
export interface RowTask extends FileTask {
  readonly row: number;
  readonly wanted: number;
}

/** How files are inspected. */
export interface Inspecting {
  readonly maxPixels: number;
  readonly coding?: LabelCoding;
}

export interface FailedRow {
  readonly row: number;
  readonly reason: string;
  readonly code: ImageErrorCode;
}

export type ToWorker =
  | { kind: 'open'; run: number; setup: RunSetup }
  | { kind: 'fill'; run: number; task: number; slot: number; rows: readonly RowTask[] }
  | { kind: 'inspect'; task: number; files: readonly FileTask[]; how: Inspecting }
  | { kind: 'labels'; task: number; paths: readonly string[]; how: Inspecting }
  | { kind: 'close'; run: number };

export interface FromWorker {
  readonly task: number;
  readonly failed: readonly FailedRow[];
  /** One per file of an `inspect`. */
  readonly facts?: readonly ImageFacts[];
  /** One per label map of `labels`. */
  readonly labels?: readonly LabelFacts[];
  /** An error unrelated to any single image. */
  readonly error?: unknown;
}

interface Waiting {
  resolve(answer: FromWorker): void;
  reject(error: unknown): void;
}

/** Abandoned threads: their reads may never return. */
const left = new Set<Worker>();

/** Number of abandoned threads still stuck in a read. A process that exits normally would wait for them. */
export function hungThreads(): number {
  return left.size;
}

/** A worker thread that makes images. It keeps the process alive only while it has tasks. */
export class LoaderThread {
  private readonly worker = new Worker(new URL('./worker.js', import.meta.url));
  private readonly waiting = new Map<number, Waiting>();
  private tasks = 0;
  /** False once the thread has exited. */
  alive = true;

  constructor() {
    this.worker.on('message', (answer: FromWorker) => {
      const waiting = this.finish(answer.task);
      if (answer.error === undefined) waiting?.resolve(answer);
      else waiting?.reject(answer.error);
    });
    this.worker.on('error', (error) => this.die(startError(error)));
    this.worker.on('exit', (code) => this.die(new Error(`A loader thread ended with code ${code}.`)));
    // Adding the message listener has ref'ed the worker.
    this.worker.unref();
  }

  open(run: number, setup: RunSetup): void {
    this.send({ kind: 'open', run, setup });
  }

  close(run: number): void {
    this.send({ kind: 'close', run });
  }

  /** Makes images of a batch; resolves to those whose files cannot be read. */
  async fill(run: number, slot: number, rows: readonly RowTask[]): Promise<readonly FailedRow[]> {
    return (await this.ask((task) => ({ kind: 'fill', run, task, slot, rows }))).failed;
  }

  /** Reads files; resolves to what they hold. */
  async inspect(files: readonly FileTask[], how: Inspecting): Promise<readonly ImageFacts[]> {
    return (await this.ask((task) => ({ kind: 'inspect', task, files, how }))).facts ?? [];
  }

  /** Reads label maps; resolves to their classes. */
  async inspectLabels(paths: readonly string[], how: Inspecting): Promise<readonly LabelFacts[]> {
    return (await this.ask((task) => ({ kind: 'labels', task, paths, how }))).labels ?? [];
  }

  private ask(message: (task: number) => ToWorker): Promise<FromWorker> {
    const task = this.tasks++;
    return new Promise((resolve, reject) => {
      if (!this.alive) {
        reject(new Error('A loader thread has ended.'));
        return;
      }
      if (this.waiting.size === 0) this.worker.ref();
      this.waiting.set(task, { resolve, reject });
      this.send(message(task));
    });
  }

  /**
   * Abandons a thread that may be stuck in a read: its tasks fail now, and it exits when the read returns.
   */
  abandon(): void {
    if (this.waiting.size === 0) return;
    const { worker } = this;
    left.add(worker);
    worker.once('exit', () => left.delete(worker));
    this.die(new Error('The loader was stopped.'));
    worker.unref();
    void worker.terminate();
  }

  private send(message: ToWorker): void {
    this.worker.postMessage(message);
  }

  private finish(task: number): Waiting | undefined {
    const waiting = this.waiting.get(task);
    this.waiting.delete(task);
    if (this.waiting.size === 0) this.worker.unref();
    return waiting;
  }

  private die(error: Error): void {
    this.alive = false;
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }
}

/** Explains that a bundle lacks the thread's file; Node's message has only the path. */
export function startError(error: Error): Error {
  if (!('code' in error) || error.code !== 'MODULE_NOT_FOUND' || !/worker\.m?js'/.test(error.message))
    return error;
  return new DataError(
    `${reasonOf(error)}: it runs the loader's threads, so mark \`@inplace-abn/*\` as external, or bundle \`@inplace-abn/data/worker\` into that file`,
    { cause: error },
  );
}

let pool: LoaderThread[] = [];

/** `count` threads shared by all loaders of the process. They start once and idle between epochs. */
export function loaderThreads(count: number): readonly LoaderThread[] {
  pool = pool.filter((thread) => thread.alive);
  while (pool.length < count) pool.push(new LoaderThread());
  return pool.slice(0, count);
}
