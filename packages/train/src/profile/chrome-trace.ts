/**
 * A Chrome trace of training steps (chrome://tracing, Perfetto) with one row for the instructions and one for
 * concurrent all-reduces. JSON array format; times in microseconds.
 */
import type { Processes } from '@inplace-abn/comm';
import type { Plan, Timing } from '@inplace-abn/core';
import type { TracedEngine } from './traced.js';

/** Steps to record, after the warm-up steps. */
const TRACED_STEPS = 10;
const SKIPPED_STEPS = 2;

interface TraceEvent {
  readonly name: string;
  readonly cat: string;
  readonly ph: 'X' | 'M';
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly args?: Readonly<Record<string, unknown>>;
}

const [COMPUTE, BACKGROUND] = [0, 1];
const MICROSECONDS = 1e6;

/** Records an engine's steps from now on. */
export class StepTrace {
  private readonly events: TraceEvent[] = [];
  private steps = 0;

  /**
   * Begins to record.
   *
   * @param rank of this process, which names its row
   * @param group adds the sums over processes that run in the background; null: none
   */
  constructor(
    engine: TracedEngine,
    private readonly rank: number,
    private readonly group: Processes['group'] | null,
  ) {
    this.name('process_name', COMPUTE, `rank ${rank}`);
    this.name('thread_name', COMPUTE, 'compute');
    this.name('thread_name', BACKGROUND, 'sums over processes');
    engine.trace((timings) => this.add(engine.plan, timings));
  }

  /** The content of the trace file. */
  json(): string {
    return `[\n${this.events.map((event) => JSON.stringify(event)).join(',\n')}\n]\n`;
  }

  private add(plan: Plan, timings: readonly Timing[]): void {
    const sums = this.group?.takeSpans() ?? [];
    const step = this.steps++;
    if (step < SKIPPED_STEPS || step >= SKIPPED_STEPS + TRACED_STEPS) return;
    plan.instructions.forEach(({ node, kernel }, index) => {
      const timing = timings[index];
      if (!timing || timing.end === 0) return;
      const category = node.op.effects.collective ? 'collective' : node.phase;
      const args = { path: node.path, kernel: kernel.implementation, step: step + 1 };
      this.span(COMPUTE, node.op.name, category, timing, args);
    });
    for (const { begin, end, bytes } of sums) {
      this.span(BACKGROUND, 'all_reduce', 'collective', { begin, end }, { bytes, step: step + 1 });
    }
  }

  private span(
    tid: number,
    name: string,
    cat: string,
    { begin, end }: Timing,
    args: Readonly<Record<string, unknown>>,
  ): void {
    const [ts, dur] = [begin * MICROSECONDS, (end - begin) * MICROSECONDS];
    this.events.push({ name, cat, ph: 'X', pid: this.rank, tid, ts, dur, args });
  }

  private name(name: 'process_name' | 'thread_name', tid: number, value: string): void {
    this.events.push({ name, cat: '__metadata', ph: 'M', pid: this.rank, tid, args: { name: value } });
  }
}

/** The trace file of a rank: `trace.rank2.json` for rank 2. Rank 0 keeps the name. */
export function traceFile(path: string, rank: number): string {
  if (rank === 0) return path;
  const dot = path.lastIndexOf('.');
  const stem = dot > path.lastIndexOf('/') ? dot : path.length;
  return `${path.slice(0, stem)}.rank${rank}${path.slice(stem)}`;
}
