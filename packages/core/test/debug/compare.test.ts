import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Device } from '../../src/devices/device.js';
import { NotFiniteError } from '../../src/errors.js';
import { Tracer } from '../../src/ir/tracer.js';
import { cpu } from '../../src/native/cpu.js';
import { activation } from '../../src/ops/activation.js';
import type { OpName } from '../../src/ops/index.js';
import { reduceRows } from '../../src/ops/reduce_rows.js';
import { programOf } from '../../src/program/program-of.js';
import { convolution, evaluationOf, filledStore, fixedAbn } from '../support/inference.js';
import { LEAKY, loadStep, residualStep } from '../support/nets.js';
import { normal } from '../support/prng.js';

/** The CPU, except that it prepares the kernels of one op with other attributes than the requested ones. */
function broken(op: OpName, attrs: Record<string, number | string>): Device {
  const device = cpu();
  const prepare: Device['prepare'] = (spec) =>
    device.prepare(spec.op === op ? { ...spec, attrs: { ...spec.attrs, ...attrs } } : spec);
  return Object.create(device, { name: { value: 'broken' }, prepare: { value: prepare } });
}

describe('IABN_DEBUG=5', () => {
  let written: string[];

  beforeEach(() => {
    vi.stubEnv('IABN_DEBUG', '5');
    written = [];
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      written.push(String(text));
      return true;
    });
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });

  it.each(['float32', 'bfloat16'] as const)('passes if every kernel is correct, %s', async (precision) => {
    const compared = loadStep(residualStep(), cpu(), { precision });
    const { outputs } = await compared.program.run(compared.inputs);
    vi.stubEnv('IABN_DEBUG', '0');
    const plain = loadStep(residualStep(), cpu(), { precision });
    expect((await plain.program.run(plain.inputs)).outputs).toEqual(outputs);
    expect(plain.store.stateDict()).toEqual(compared.store.stateDict());
  });

  it('passes an evaluation with folded and laid-out weights', async () => {
    const { graph, inputs } = evaluationOf([2, 3, 6, 6], (x) =>
      fixedAbn(convolution(fixedAbn(convolution(x, 'a', 16), 'a_bn', LEAKY), 'b', 16), 'b_bn', LEAKY),
    );
    const program = programOf(graph, { store: filledStore([graph]) });
    expect(program.plan.prologue).toBeGreaterThan(1);
    const { outputs } = await program.run(inputs);
    vi.stubEnv('IABN_DEBUG', '0');
    expect((await program.run(inputs)).outputs).toEqual(outputs);
  });

  it('includes every lower level', () => {
    loadStep(residualStep(), cpu());
    const text = written.join('');
    expect(text).toMatch(/^compiled \d+ instructions in \d+ ms: .* of buffers → arena/m);
    expect(text).toMatch(
      /^rebuild: absorb %\d+ \(conv2d at stem\.conv, .*\) through abn_apply at stem\.bn$/m,
    );
    expect(text).toMatch(/^alias: abn_apply at stem\.bn: %\d+ over %\d+: in place$/m);
    expect(text).toMatch(/^alias: .* not in place: /m);
    expect(text).toMatch(/^after order:\ninput /m);
    expect(text).toMatch(/^kernel \d+: conv2d at stem\.conv: \S+/m);
  });

  it.each([
    ['add', { activation: 'identity' }, /instruction \d+, add at block \(simd\), differs .* output 0 is/],
    ['abn_apply', { eps: 0.1 }, /instruction \d+, abn_apply at stem\.bn /],
    ['abn_backward_apply', { count: 1e9 }, /abn_backward_apply at block\.bn/],
    ['sgd', { momentum: 0.8 }, /instruction \d+, sgd at \(top\)/],
  ] as const)('catches a wrong %s', async (op, attrs, message) => {
    const { program, inputs } = loadStep(residualStep(), broken(op, attrs));
    await expect(program.run(inputs)).rejects.toThrow(message);
  });

  it('names the element, both numbers and the tolerance', async () => {
    const tracer = new Tracer();
    const x = tracer.input('x', [2, 3], 'float32');
    tracer.output('z', activation(x, { activation: 'leaky_relu', slope: 0.5 }));
    const { program } = loadStep(
      { graph: tracer.finish(), inputs: {} },
      broken('activation', { slope: 0.25 }),
    );
    await expect(program.run({ x: Float32Array.of(1, 2, -3, 4, -8, 6) })).rejects.toThrow(
      /output 0 is 2 at element 4: -2 instead of -4, at most 0\.000\d+ is rounding/,
    );
  });

  it('tolerates sums that cancel', async () => {
    const tracer = new Tracer();
    tracer.output('sum', reduceRows(tracer.input('x', [64, 5], 'float32')));
    const half = normal('half', [32, 5], 3);
    const x = Float32Array.of(...half, ...half.map((value) => -value * (1 + 1e-6)));
    const { program } = loadStep({ graph: tracer.finish(), inputs: {} }, cpu());
    await expect(program.run({ x })).resolves.toBeDefined();
  });

  it('lets a guard stop a step', async () => {
    const { program, inputs, store } = loadStep(residualStep(), cpu());
    store.write('fc', store.read('fc', 'float32').data.fill(Number.NaN));
    await expect(program.run(inputs)).rejects.toThrow(NotFiniteError);
  });
});
