import { appendFileSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { makeHistogram } from './histogram.js';
import { type Event, encodeEvent } from './messages.js';
import { frameRecord } from './record.js';

/** Options of a TensorBoard event file. */
export interface EventFileOptions {
  /** First step of this file after a resume: TensorBoard hides older files from there on. */
  resumeStep?: number;
  /** Milliseconds since 1970. */
  now?: () => number;
  /** Part of the file's name; default: the name of this machine. */
  host?: string;
}

/**
 * Writes a TensorBoard event file, `events.out.tfevents.SECONDS.HOST.PID`, into a folder.
 *
 * Each call appends to the file, so a killed run loses nothing added before.
 */
export class EventFileWriter {
  /** The file. */
  readonly path: string;
  private readonly file: number;
  private readonly now: () => number;
  private open = true;

  /**
   * Creates the file, and its folder if it is missing.
   *
   * @param folder of the run, which TensorBoard is pointed at
   */
  constructor(folder: string, options: EventFileOptions = {}) {
    this.now = options.now ?? Date.now;
    const seconds = Math.floor(this.now() / 1000);
    const name = `events.out.tfevents.${String(seconds).padStart(10, '0')}.${options.host ?? hostname()}`;
    mkdirSync(folder, { recursive: true });
    this.path = join(folder, `${name}.${process.pid}`);
    this.file = openSync(this.path, 'a');
    this.append({ fileVersion: 'brain.Event:2' });
    if (options.resumeStep !== undefined) this.append({ step: options.resumeStep, sessionStart: true });
  }

  /** Adds the scalars of a step under their tags, such as `train/loss`. */
  scalars(step: number, values: Readonly<Record<string, number>>): void {
    const summary = Object.entries(values).map(([tag, scalar]) => ({ tag, scalar }));
    this.append({ step, summary });
  }

  /** Adds the distribution of `values` at a step. */
  histogram(step: number, tag: string, values: ArrayLike<number>): void {
    this.append({ step, summary: [{ tag, histogram: makeHistogram(values) }] });
  }

  /** Closes the file. May be called more than once. */
  close(): void {
    if (this.open) closeSync(this.file);
    this.open = false;
  }

  private append(event: Omit<Event, 'wallTime'>): void {
    if (!this.open) throw new Error(`event file ${this.path} is closed`);
    appendFileSync(this.file, frameRecord(encodeEvent({ wallTime: this.now() / 1000, ...event })));
  }
}
