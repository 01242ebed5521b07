/** Autotuned kernels can be requested by name, and report the name of the chosen one. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { compile } from '../../src/compile/compile.js';
import { type KernelSpec, UNTIMED } from '../../src/devices/device.js';
import { EstimatedCpu } from '../../src/devices/estimate.js';
import { KernelChoices } from '../../src/devices/kernel-choices.js';
import { trace } from '../../src/ir/tracer.js';
import { cpu } from '../../src/native/cpu.js';
import { conv2d } from '../../src/ops/functions.js';

const type = (shape: readonly number[]) => ({ shape, dtype: 'float32' as const });
const WINDOW = { stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1 };
const CONVOLUTION: KernelSpec = {
  op: 'conv2d',
  attrs: WINDOW,
  inputs: [type([2, 16, 4, 4]), type([16, 16, 3, 3]), null],
  outputs: [type([2, 16, 4, 4])],
};
const KEY = `conv2d float32[2,16,4,4] float32[16,16,3,3] - → float32[2,16,4,4] ${JSON.stringify(WINDOW)}`;

/** Without oneDNN, autotuning chooses among the addon's other kernels. */
const hasOneDnn = 'oneDNN' in cpu().libraries;

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('a kernel', () => {
  it('is the requested one', () => {
    const choices = new KernelChoices({ [KEY]: 'winograd' });
    const kernel = choices.prepare(cpu(), CONVOLUTION);
    expect(kernel.implementation).toMatch(/^winograd:/);
    expect(kernel.choice).toEqual({ name: 'winograd', refusal: '' });
    expect(choices.made).toEqual({ [KEY]: 'winograd' });
    expect(choices.unmet).toEqual([]);
  });

  it('is the first one that applies, without timing, unless another is requested', () => {
    const untimed = { ...CONVOLUTION, choice: UNTIMED };
    const first = new KernelChoices().prepare(cpu(), untimed).choice;
    expect(first?.refusal).toBe('');
    expect(first?.name).not.toBe(UNTIMED);
    expect(new KernelChoices({ [KEY]: 'winograd' }).prepare(cpu(), untimed).choice?.name).toBe('winograd');
    const elsewhere = new KernelChoices({ [KEY]: 'the one of another CPU' });
    expect(elsewhere.prepare(cpu(), untimed).choice).toEqual(first);
    expect(elsewhere.unmet).toMatchObject([{ reason: 'this version has no such kernel' }]);
    vi.stubEnv('IABN_KERNEL_CHOICE', 'winograd');
    expect(new KernelChoices().prepare(cpu(), untimed).choice).toEqual({ name: 'winograd', refusal: '' });
    vi.unstubAllEnvs();
    const timing = new EstimatedCpu(6, new Error('it only plans'));
    const choice = { name: 'fast', refusal: 'no such algorithm' };
    vi.spyOn(timing, 'prepare').mockReturnValue({ ...timing.prepare(CONVOLUTION), choice });
    expect(() => new KernelChoices().prepare(timing, untimed)).toThrow(
      expect.objectContaining({ code: 'ERR_TIMED_KERNELS' }),
    );
  });

  it.runIf(hasOneDnn)('is requested by its full specification', () => {
    const choices = new KernelChoices({ [KEY]: 'winograd' });
    const others: KernelSpec[] = [
      { ...CONVOLUTION, inputs: [{ ...type([2, 16, 4, 4]), pitch: 20 }, ...CONVOLUTION.inputs.slice(1)] },
      { ...CONVOLUTION, constants: [1] },
      { ...CONVOLUTION, attrs: { ...WINDOW, padding: [1, 0] }, outputs: [type([2, 16, 4, 2])] },
    ];
    for (const spec of others) expect(choices.prepare(cpu(), spec).choice?.name).toBe('onednn');
    expect(Object.keys(choices.made)).toHaveLength(others.length);
  });

  it.runIf(hasOneDnn).each([
    ['float32 images', /^the images are not bfloat16$/],
    ['the one of 2031', /^this version has no such kernel$/],
  ])('falls back, with a reason, if %s is not available', (asked, reason) => {
    const choices = new KernelChoices({ [KEY]: asked });
    expect(choices.prepare(cpu(), CONVOLUTION).choice?.name).toBe('onednn');
    expect(choices.made).toEqual({ [KEY]: 'onednn' });
    expect(choices.unmet).toEqual([{ key: KEY, asked, reason: expect.stringMatching(reason) }]);
  });

  it.runIf(hasOneDnn)('is the one named by IABN_KERNEL_CHOICE, which overrides requests', () => {
    vi.stubEnv('IABN_KERNEL_CHOICE', 'direct');
    const choices = new KernelChoices({ [KEY]: 'winograd' });
    expect(choices.prepare(cpu(), CONVOLUTION).choice?.name).toBe('onednn');
    expect(choices.unmet).toMatchObject([{ asked: 'winograd', reason: 'IABN_KERNEL_CHOICE is set' }]);
  });

  it('has no name if its op has only one', () => {
    const spec: KernelSpec = {
      op: 'abn_stats',
      attrs: {},
      inputs: [type([2, 3])],
      outputs: [type([3]), type([3])],
    };
    const choices = new KernelChoices();
    expect(choices.prepare(cpu(), spec).choice).toBeNull();
    expect(choices.made).toEqual({});
  });
});

it('a program can be compiled with the kernels of another', () => {
  const graph = trace((tracer) => {
    const x = tracer.input('x', [2, 16, 4, 4], 'float32');
    const weight = tracer.state('weight', [16, 16, 3, 3], 'float32', 'parameter');
    return { y: conv2d(x, weight, null, { padding: 1 }) };
  });
  vi.stubEnv('IABN_KERNEL_CHOICE', 'winograd');
  const first = new KernelChoices();
  compile(graph, cpu(), { choices: first });
  expect(Object.values(first.made)).toEqual(['winograd']);
  vi.unstubAllEnvs();
  const again = new KernelChoices(first.made);
  const plan = compile(graph, cpu(), { choices: again });
  expect(plan.instructions.map(({ kernel }) => kernel.choice?.name)).toContain('winograd');
  expect(again.made).toEqual(first.made);
  expect(compile(graph, cpu()).instructions.map(({ kernel }) => kernel.choice?.name)).not.toContain(
    'winograd',
  );
});
