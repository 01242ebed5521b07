import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { elements } from '@inplace-abn/tensor';
import { describe, expect, it } from 'vitest';
import { NotFiniteError, UsageError } from '../../src/errors.js';
import { Tracer, trace } from '../../src/ir/tracer.js';
import type { Value } from '../../src/ir/value.js';
import { cpu } from '../../src/native/cpu.js';
import { loadNative } from '../../src/native/load.js';
import { add } from '../../src/ops/add.js';
import { crossEntropy } from '../../src/ops/cross_entropy.js';
import { topkCorrect } from '../../src/ops/topk_correct.js';
import { Program } from '../../src/program/program.js';
import { programOf } from '../../src/program/program-of.js';
import { Store } from '../../src/program/store.js';
import { classifierStep, conv, loadStep, residualStep } from '../support/nets.js';

const load = () => loadStep(residualStep(), cpu());

describe('Program', () => {
  it('trains: the loss on one batch falls', async () => {
    const { program, inputs } = load();
    const losses: number[] = [];
    for (let step = 0; step < 20; step++) losses.push(Number((await program.run(inputs)).outputs.loss?.[0]));
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) / 4);
  });

  it('counts batches and updates running statistics', async () => {
    const { program, inputs, store } = load();
    const before = store.read('stem.bn.running_mean').data;
    await program.run(inputs);
    await program.run(inputs);
    expect(store.read('stem.bn.num_batches_tracked').data).toEqual(BigInt64Array.of(2n));
    expect(store.read('stem.bn.running_mean').data).not.toEqual(before);
  });

  it.each<[string, Record<string, Float32Array | Int32Array | undefined>]>([
    ['expected an array for input labels: int32[2]', { labels: undefined }],
    ['expected float32[2,3,8,8] for input x but received 5 elements of float32', { x: new Float32Array(5) }],
    [
      'expected int32[2] for input labels but received 2 elements of float32',
      { labels: new Float32Array(2) },
    ],
    ['the program has no input image; it has x, labels, lr', { image: new Float32Array(1) }],
  ])('%s', async (message, change) => {
    const { program, inputs } = load();
    const changed = Object.entries({ ...inputs, ...change }).filter(([, data]) => data);
    const run = program.run(Object.fromEntries(changed) as typeof inputs);
    await expect(run).rejects.toThrow(UsageError);
    await expect(run).rejects.toThrow(message);
  });

  it('rejects a run during another one, and recovers', async () => {
    const { program, inputs } = load();
    const first = program.run(inputs);
    await expect(program.run(inputs)).rejects.toThrow(
      'the program is already running: await its last run first',
    );
    const { outputs } = await first;
    const alone = load();
    expect((await alone.program.run(inputs)).outputs).toEqual(outputs);
    await expect(program.run(inputs)).resolves.toBeDefined();
  });

  it('stops at a guard before any state changes, and can run again', async () => {
    const { program, inputs, store } = load();
    await program.run(inputs);
    const before = store.stateDict();
    const poisoned = { ...inputs, x: new Float32Array(2 * 3 * 8 * 8).fill(Number.NaN) };
    await expect(program.run(poisoned)).rejects.toThrow(NotFiniteError);
    await expect(program.run(poisoned)).rejects.toThrow('the loss is not finite (NaN)');
    expect(store.stateDict()).toEqual(before);
    const { outputs } = await program.run(inputs);
    expect(outputs.loss?.[0]).toSatisfy(Number.isFinite);
  });

  // WebAssembly runs on the calling thread.
  it.skipIf(cpu().machine.includes('WebAssembly'))('leaves the event loop free while it runs', async () => {
    const step = classifierStep(4, 32, (x) => conv(conv(x, 'conv1', 256, 3), 'conv2', 256, 3));
    const { program, inputs } = loadStep(step, cpu());
    let turns = 0;
    let running = true;
    const turn = (): void => {
      turns++;
      if (running) setImmediate(turn);
    };
    setImmediate(turn);
    await program.run(inputs);
    running = false;
    // A blocking call would allow only one or two turns.
    expect(turns).toBeGreaterThan(10);
  });

  it('uses no more memory after a thousand steps than after fifty', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const { program, inputs } = load();
    const resident = async (steps: number): Promise<number> => {
      for (let step = 0; step < steps; step++) await program.run(inputs);
      collect();
      return process.memoryUsage().rss;
    };
    const settled = await resident(50);
    expect((await resident(1000)) - settled).toBeLessThan(4 * 2 ** 20);
  });

  it('times every instruction on request', async () => {
    const { program, inputs, plan } = load();
    expect((await program.run(inputs)).timings).toHaveLength(0);
    const { timings } = await program.run(inputs, { timed: true });
    expect(timings).toHaveLength(plan.instructions.length);
    timings.forEach(({ begin, end }, index) => {
      expect(end).toBeGreaterThanOrEqual(begin);
      expect(begin).toBeGreaterThanOrEqual(timings[index - 1]?.end ?? 0);
    });
  });

  it('runs instruction by instruction to the same result', async () => {
    const [whole, stepped] = [load(), load()];
    const { outputs } = await whole.program.run(whole.inputs);
    await stepped.program.feed(stepped.inputs);
    for (const index of stepped.plan.instructions.keys()) await stepped.program.step(index);
    expect(stepped.store.stateDict()).toEqual(whole.store.stateDict());
    expect(stepped.program.peek(stepped.plan.graph.outputs.get('loss') ?? -1)).toEqual(outputs.loss);
    expect(() => stepped.program.peek(9999)).toThrow('the graph has no value %9999');
  });

  it('requires an arena as large as the plan', () => {
    const { plan, store } = load();
    const device = cpu();
    expect(() => new Program(plan, device, store, device.allocate(plan.arenaBytes - 64))).toThrow(
      `the plan needs an arena of ${plan.arenaBytes} bytes but was given ${plan.arenaBytes - 64}`,
    );
  });

  it('fetches inputs and states, and accepts unread inputs', async () => {
    const device = cpu();
    const graph = trace((tracer) => {
      tracer.input('unread', [3], 'int32');
      return { x: tracer.input('x', [2], 'float32'), w: tracer.state('w', [2], 'float32', 'buffer') };
    });
    const { program } = loadStep({ graph, inputs: {} }, device);
    const { outputs } = await program.run({ x: Float32Array.of(1, 2), unread: Int32Array.of(1, 2, 3) });
    expect(outputs).toEqual({ x: Float32Array.of(1, 2), w: new Float32Array(2) });
  });

  it('names a state missing from the store', () => {
    const tracer = new Tracer();
    tracer.output('w', tracer.state('fc.weight', [2], 'float32', 'parameter'));
    const run = () => programOf(tracer.finish(), { store: new Store(cpu(), []) }).run({});
    return expect(run()).rejects.toThrow('the store has no state fc.weight');
  });
});

describe('Values of another trace', () => {
  const leaked = new Tracer().input('x', [2], 'float32');

  it.each<[string, (tracer: Tracer, own: Value) => unknown]>([
    ['as an operand', (_, own) => add(own, leaked)],
    ['as the first operand', (_, own) => add(leaked, own)],
    ['as an output', (tracer) => tracer.output('y', leaked)],
    ['as a new content', (tracer, own) => tracer.assign(own, leaked)],
    ['as a gradient', (tracer) => tracer.retag(leaked, 'gradient')],
  ])('are rejected %s', (_, body) => {
    const tracer = new Tracer();
    // It has the same id as the leaked value.
    const own = tracer.state('w', [2], 'float32', 'buffer');
    expect(() => body(tracer, own)).toThrow(UsageError);
    expect(() => body(tracer, own)).toThrow('%0:float32[2] belongs to another trace');
  });
});

describe('Labels', () => {
  const classes = 5;
  const labeled = (ignoreIndex?: number) =>
    trace((tracer) => {
      const logits = tracer.input('x', [2, classes], 'float32');
      const labels = tracer.input('labels', [2], 'int32');
      return { loss: crossEntropy(logits, labels, { ignoreIndex }), top: topkCorrect(logits, labels, [1]) };
    });
  const run = async (labels: Int32Array, ignoreIndex?: number) => {
    const { program } = loadStep({ graph: labeled(ignoreIndex), inputs: {} }, cpu());
    return (await program.run({ x: new Float32Array(2 * classes), labels })).outputs.loss?.[0];
  };

  it.each([5, -1, 255, -(2 ** 31), 2 ** 31 - 1])('of %i are rejected for 5 classes', async (bad) => {
    await expect(run(Int32Array.of(4, bad))).rejects.toThrow(UsageError);
    await expect(run(Int32Array.of(4, bad))).rejects.toThrow(
      `input labels: label ${bad} at index 1 is outside the 5 classes of cross_entropy at (top): expected 0 to 4, or -100 (ignore_index) to ignore it`,
    );
  });

  it('can be the ignored one', async () => {
    expect(await run(Int32Array.of(4, -100))).toBeCloseTo(Math.log(5));
    expect(await run(Int32Array.of(0, 255), 255)).toBeCloseTo(Math.log(5));
    await expect(run(Int32Array.of(-100, 0), 255)).rejects.toThrow('label -100 at index 0');
    await expect(run(Int32Array.of(0, 7), 2 ** 40)).rejects.toThrow('label 7 at index 1');
  });

  it('are all checked, however many there are', () => {
    for (const length of [0, 1, 4095, 4096, 4097, 10_000]) {
      const labels = new Int32Array(length).fill(4);
      expect(loadNative().firstOutside(labels, classes, -100)).toBe(-1);
      labels.fill(5, length - 2);
      expect(loadNative().firstOutside(labels, classes, -100)).toBe(
        length === 0 ? -1 : Math.max(0, length - 2),
      );
      expect(loadNative().firstOutside(Uint8Array.from(labels), classes, -100)).toBe(
        length === 0 ? -1 : Math.max(0, length - 2),
      );
      expect(loadNative().firstOutside(Uint8Array.from(labels), classes, 5)).toBe(-1);
    }
  });

  it('are checked before any of a training step runs', async () => {
    const { program, inputs, store } = load();
    const before = store.stateDict();
    await expect(program.run({ ...inputs, labels: Int32Array.of(0, 5) })).rejects.toThrow(
      'input labels: label 5 at index 1',
    );
    expect(store.stateDict()).toEqual(before);
  });
});

describe('Parameters that were never written', () => {
  const weights = (store: Store) => store.specs.filter(({ kind }) => kind === 'parameter');
  const fresh = () => {
    const { graph, inputs } = residualStep();
    const program = programOf(graph);
    return { store: program.store, inputs, program };
  };

  it('stop a run and are named', async () => {
    const { program, inputs, store } = fresh();
    await expect(program.run(inputs)).rejects.toThrow(UsageError);
    const [first, ...others] = weights(store);
    await expect(program.run(inputs)).rejects.toThrow(
      `parameter ${first?.name} and ${others.length} more was never written`,
    );
    for (const { name, shape } of others) store.write(name, new Float32Array(elements(shape)).fill(0.1));
    await expect(program.run(inputs)).rejects.toThrow(`parameter ${first?.name} was never written`);
  });

  it('can be explicit zeros, or another process’s memory', async () => {
    const written = fresh();
    for (const { name, shape } of weights(written.store)) {
      written.store.write(name, new Float32Array(elements(shape)));
    }
    await expect(written.program.run(written.inputs)).resolves.toBeDefined();
    const received = fresh();
    received.store.replaced();
    await expect(received.program.run(received.inputs)).resolves.toBeDefined();
  });

  it('do not affect a program that does not read them', async () => {
    const { store } = fresh();
    const graph = trace((tracer) => ({ x: tracer.input('x', [1], 'float32') }));
    const program = programOf(graph, { store });
    await expect(program.run({ x: Float32Array.of(1) })).resolves.toBeDefined();
  });
});

describe('Tracer.assign', () => {
  it('accepts only the result of an in-place update of the state', () => {
    const tracer = new Tracer();
    const [w, x] = [tracer.state('w', [2], 'float32', 'parameter'), tracer.input('x', [2], 'float32')];
    expect(() => tracer.assign(w, x)).toThrow(
      'state w cannot be assigned %1:float32[2]: it is not the result of updating that state in place',
    );
    expect(() => tracer.assign(x, w)).toThrow(
      'only a state can be assigned, but %1:float32[2] is not a state',
    );
  });
});
