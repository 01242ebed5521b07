/** Programs of the addon in WebAssembly, which run on the thread that calls them. */
import type { NativeFeed, NativeInstruction, NativeLocation, NativeProgram } from './addon.js';
import { WasmKernel } from './wasm-kernel.js';
import { memoryAt, type WasmMemory } from './wasm-memory.js';
import type { Held, WasmModule } from './wasm-module.js';
import { listFields } from './wasm-text.js';

const [RAN, STOPPED] = [1, 2];
/** Two float64 numbers. */
const TIMING_BYTES = 16;

export class WasmProgram implements NativeProgram {
  private readonly memories: readonly WasmMemory[];
  private readonly held: Held;
  /** The result of {@link movesOf} when the program was loaded. */
  private moves: string;
  private running = false;

  constructor(
    private readonly wasm: WasmModule,
    private readonly instructions: readonly NativeInstruction[],
  ) {
    this.memories = memoriesOf(instructions);
    this.moves = movesOf(this.memories);
    this.held = { handle: this.load(), release: wasm.exports.program_delete };
    wasm.own(this, this.held);
  }

  prefetch(): void {
    throw new Error('the CPU reads host memory directly: there is nothing to prefetch');
  }

  async run(
    feeds: readonly NativeFeed[],
    fetches: readonly (NativeLocation & { readonly length: number })[],
    begin: number,
    end: number,
    timed: boolean,
  ): Promise<{ values: Uint8Array[]; timings: Float64Array }> {
    if (this.running) throw new Error('the program is already running: await its last run first');
    this.running = true;
    try {
      for (const feed of feeds) if (feed.data) memoryAt(feed).write(feed.offset, feed.data);
      await turn();
      this.follow();
      const outcome = this.wasm.exports.program_run(this.held.handle, begin, end, Number(timed));
      if (outcome !== RAN) throw this.failure(outcome);
      const values = fetches.map((fetch) => memoryAt(fetch).read(fetch.offset, fetch.length));
      return { values, timings: this.timings() };
    } finally {
      this.running = false;
    }
  }

  private load(): number {
    const { exports } = this.wasm;
    const handle = this.wasm.made(
      this.wasm.send(listFields(this.instructions, instructionFields), exports.program_new),
    );
    for (const memory of this.memories) memory.renewed();
    return handle;
  }

  /** Loads the program again if a memory has moved. */
  private follow(): void {
    const moves = movesOf(this.memories);
    if (moves === this.moves) return;
    const { handle } = this.held;
    this.held.handle = this.load();
    this.wasm.exports.program_delete(handle);
    this.moves = moves;
  }

  private failure(outcome: number): Error {
    const code = outcome === STOPPED ? 'RUN_STOPPED' : 'RUN_FAILED';
    return Object.assign(new Error(this.wasm.text(this.wasm.exports.wasm_error())), { code });
  }

  private timings(): Float64Array {
    const { exports } = this.wasm;
    const length = TIMING_BYTES * exports.program_timed(this.held.handle);
    return new Float64Array(
      this.wasm.bytes(exports.program_timings(this.held.handle), length).slice().buffer,
    );
  }
}

/** Longest time, in ms, that short runs in a row block this thread. */
const BLOCKED = 100;
let lastTurn = Number.NEGATIVE_INFINITY;
/** Resolvers of turns that a page has asked for, each by a message that `ask` sends. */
const waiting: (() => void)[] = [];
let ask: (() => void) | null = null;

/** Lets pending timers, messages and progress reports run first, because a run blocks this thread. */
async function turn(): Promise<void> {
  if (performance.now() < lastTurn + BLOCKED) return;
  await new Promise<void>((resolve) => {
    if (typeof setImmediate === 'function') {
      setImmediate(resolve);
      return;
    }
    // Browsers have no setImmediate, and delay nested timers by 4 ms.
    waiting.push(resolve);
    ask ??= openChannel();
    ask();
  });
  lastTurn = performance.now();
}

function openChannel(): () => void {
  const { port1, port2 } = new MessageChannel();
  port1.addEventListener('message', () => waiting.shift()?.());
  port1.start();
  return () => port2.postMessage(null);
}

function memoriesOf(instructions: readonly NativeInstruction[]): WasmMemory[] {
  const locations = instructions.flatMap(({ inputs, outputs, workspace, layout = null }) =>
    [...inputs, ...outputs, workspace, layout].filter((location) => location !== null),
  );
  return [...new Set(locations.map(memoryAt))];
}

const movesOf = (memories: readonly WasmMemory[]): string => memories.map(({ moves }) => moves).join();

/** The fields of an instruction, in the order in which native/wasm/spec.cc reads them. */
function instructionFields(instruction: NativeInstruction): (string | number)[] {
  const { kernel, path = '', part = 'run', inputs, outputs, workspace, layout } = instruction;
  if (!(kernel instanceof WasmKernel)) throw new TypeError('expected a kernel of the addon in WebAssembly');
  return [
    ...[kernel.handle, path, part],
    ...listFields(inputs, locationFields),
    ...listFields(outputs, locationFields),
    ...locationFields(workspace),
    ...locationFields(layout),
  ];
}

function locationFields(location: NativeLocation | null | undefined): number[] {
  return location ? [memoryAt(location).handle, location.offset] : [0, 0];
}
