import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/compile.js';
import { cpu } from '../../src/devices/cpu.js';
import { NotFiniteError, UsageError } from '../../src/errors.js';
import { Program } from '../../src/program/program.js';
import { Store } from '../../src/program/store.js';
import { Tracer, trace } from '../../src/trace/tracer.js';
import { classifierStep, conv, loadStep, residualStep } from '../support/nets.js';

const load = () => loadStep(residualStep(), cpu());

describe('Program', () => {
  it('learns: the loss of one batch falls', async () => {
    const { program, inputs } = load();
    const losses: number[] = [];
    for (let step = 0; step < 20; step++) losses.push(Number((await program.run(inputs)).outputs.loss?.[0]));
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) / 4);
  });

  it('counts batches and moves running statistics', async () => {
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

  it('rejects a run while another is under way, and goes on', async () => {
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

  it('stops at a guard before any state changes, and runs again', async () => {
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

  it('leaves the event loop free while it runs', async () => {
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
    // A call that held the loop would leave it one or two turns.
    expect(turns).toBeGreaterThan(10);
  });

  it('holds no more memory after a thousand steps than after fifty', async () => {
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

  it('times every instruction when asked to', async () => {
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

  it('needs an arena as large as the plan', () => {
    const { plan, store } = load();
    const device = cpu();
    expect(() => new Program(plan, device, store, device.allocate(plan.arenaBytes - 64))).toThrow(
      `the plan needs an arena of ${plan.arenaBytes} bytes but was given ${plan.arenaBytes - 64}`,
    );
  });

  it('fetches inputs and states, and takes inputs that nothing reads', async () => {
    const device = cpu();
    const graph = trace((tracer) => {
      tracer.input('unread', [3], 'int32');
      return { x: tracer.input('x', [2], 'float32'), w: tracer.state('w', [2], 'float32', 'buffer') };
    });
    const { program } = loadStep({ graph, inputs: {} }, device);
    const { outputs } = await program.run({ x: Float32Array.of(1, 2), unread: Int32Array.of(1, 2, 3) });
    expect(outputs).toEqual({ x: Float32Array.of(1, 2), w: new Float32Array(2) });
  });

  it('names a state that the store lacks', () => {
    const tracer = new Tracer();
    tracer.output('w', tracer.state('fc.weight', [2], 'float32', 'parameter'));
    const device = cpu();
    const plan = compile(tracer.finish(), device);
    const run = () =>
      new Program(plan, device, new Store(device, []), device.allocate(plan.arenaBytes)).run({});
    return expect(run()).rejects.toThrow('the store has no state fc.weight');
  });
});

describe('Tracer.assign', () => {
  it('takes nothing but what an update in place made of the state', () => {
    const tracer = new Tracer();
    const [w, x] = [tracer.state('w', [2], 'float32', 'parameter'), tracer.input('x', [2], 'float32')];
    expect(() => tracer.assign(w, x)).toThrow(
      'state w cannot be assigned %1:float32[2]: it is not made of that state by an op that updates in place',
    );
    expect(() => tracer.assign(x, w)).toThrow('only a state can be assigned, %1:float32[2] is none');
  });
});
