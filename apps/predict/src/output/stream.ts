/** A destination for text or bytes: standard output, or a file that is replaced atomically. */
import { type EventEmitter, once } from 'node:events';
import { PassThrough, type Writable } from 'node:stream';
import { writeFileAtomic } from '@inplace-abn/checkpoint';

/** The file name that stands for standard output. */
export const STDOUT = '-';

export interface Target {
  /** Resolves when it can take more. */
  write(content: string | Uint8Array): Promise<void>;
  close(): Promise<void>;
  /** Discards what was written; an existing file stays as it was. */
  abandon(error: unknown): Promise<void>;
}

/** @param path of a file, or {@link STDOUT} */
export function targetFor(path: string, stdout: Writable = process.stdout): Target {
  return path === STDOUT ? new StandardOutput(stdout) : new AtomicFile(path);
}

class StandardOutput implements Target {
  constructor(private readonly stream: Writable) {}

  async write(content: string | Uint8Array): Promise<void> {
    // A reader that has exited is not an error.
    if (this.stream.writable && !this.stream.write(content)) await drained(this.stream);
  }

  async close(): Promise<void> {}

  async abandon(): Promise<void> {}
}

class AtomicFile implements Target {
  private readonly pipe = new PassThrough();
  private readonly written: Promise<void>;

  constructor(path: string) {
    this.pipe.on('error', () => {});
    this.written = writeFileAtomic(path, this.pipe);
    // write() and close() rethrow the error.
    this.written.catch(() => {});
  }

  async write(content: string | Uint8Array): Promise<void> {
    if (this.pipe.destroyed) return this.written;
    if (!this.pipe.write(content)) await drained(this.pipe);
  }

  async close(): Promise<void> {
    this.pipe.end();
    await this.written;
  }

  async abandon(error: unknown): Promise<void> {
    this.pipe.destroy(error instanceof Error ? error : new Error(String(error)));
    await this.written.catch(() => {});
  }
}

/**
 * Returns a function that tells whether a stream still has a reader. Node keeps standard output writable even
 * after a write has failed, as after `| head`.
 */
export function watchReader(stream: Pick<EventEmitter, 'on'>): () => boolean {
  let reads = true;
  stream.on('error', () => {
    reads = false;
  });
  return () => reads;
}

async function drained(stream: Writable): Promise<void> {
  const done = new AbortController();
  const events = ['drain', 'close', 'error'].map((event) => once(stream, event, { signal: done.signal }));
  await Promise.race(events).catch(() => {});
  done.abort();
  await Promise.allSettled(events);
}
