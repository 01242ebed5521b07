/** Losses and their gradients in float32, compared with PyTorch in float64 (tools/oracle/make_losses.py). */
import { gradients, run, type Shape, type Value } from '@inplace-abn/core';
import { describe, expect, it } from 'vitest';
import { readJson } from '../../core/test/support/fixtures.js';
import { toStorage } from '../../core/test/support/layout.js';
import type { Loss } from '../src/losses/index.js';
import * as losses from '../src/losses/index.js';

interface Plain {
  shape: Shape;
  data: number[];
}

interface Fixture {
  loss:
    | 'crossEntropy'
    | 'bceWithLogits'
    | 'focal'
    | 'dice'
    | 'lovaszSoftmax'
    | 'huber'
    | 'mse'
    | 'l1'
    | 'softCrossEntropy'
    | 'distillation';
  options: object | null;
  output: Plain;
  target: Plain | { labels: Plain; teacher: Plain };
  value: number;
  gradient: number[];
}

const fixtures = readJson<Fixture[]>(new URL('fixtures/losses.json', import.meta.url));

function floats({ shape, data }: Plain) {
  return { shape, data: Float32Array.from(toStorage(shape, data)) };
}

function labels({ shape, data }: Plain) {
  return { shape, dtype: 'int32' as const, data: Int32Array.from(data) };
}

async function valueAndGradient({ loss, options, output, target }: Fixture) {
  const x = floats(output);
  const step = (value: Value, of: Value) => ({ value, gradient: gradients(value, [of])[0] ?? value });
  if (loss === 'distillation') {
    if (!('teacher' in target)) throw new Error('the target has no teacher');
    const { compute } = losses.distillation(options ?? {});
    const inputs = { x, labels: labels(target.labels), teacher: floats(target.teacher) };
    return run((v) => step(compute(v.x, { labels: v.labels, teacher: v.teacher }), v.x), inputs);
  }
  if ('teacher' in target) throw new Error('the target has a teacher');
  const makers: Record<typeof loss, (options: object) => Loss> = losses;
  const made = makers[loss](options ?? {});
  const t =
    made.target({ shape: x.shape, dtype: 'float32' }).dtype === 'int32' ? labels(target) : floats(target);
  return run((v) => step(made.compute(v.x, v.t), v.x), { x, t });
}

describe('losses', () => {
  it.each(
    fixtures.map(
      (fixture) =>
        [`${fixture.loss} ${JSON.stringify(fixture.options)} of ${fixture.output.shape}`, fixture] as const,
    ),
  )("%s gives PyTorch's value and gradient", async (_name, fixture) => {
    const { value = [], gradient = [] } = await valueAndGradient(fixture);
    expect(Math.abs(Number(value[0]) - fixture.value)).toBeLessThan(
      2e-6 * Math.max(1, Math.abs(fixture.value)),
    );
    const expected = toStorage(fixture.output.shape, fixture.gradient);
    const scale = Math.max(...fixture.gradient.map(Math.abs));
    const worst = Math.max(...expected.map((g, i) => Math.abs(g - Number(gradient[i]))));
    expect(gradient.length).toBe(expected.length);
    expect(worst).toBeLessThan(1e-5 * scale);
  });

  it('stay finite if exponentials overflow', async () => {
    const x = { shape: [1, 4], data: Float32Array.of(200, -200, 200, -200) };
    const t = { shape: [1, 4], data: Float32Array.of(1, 0, 0, 1) };
    for (const { compute } of [losses.bceWithLogits(), losses.focal(), losses.dice()]) {
      const { value = [], gradient = [] } = await run(
        (v) => {
          const loss = compute(v.x, v.t);
          return { value: loss, gradient: gradients(loss, [v.x])[0] ?? loss };
        },
        { x, t },
      );
      expect([...value, ...gradient].map(Number).every(Number.isFinite)).toBe(true);
    }
  });

  it('can balance classes by weights computed from their counts', () => {
    expect(losses.balancedWeights([10, 0, 30, 20])).toEqual([2, 0, 2 / 3, 1]);
  });

  it('reject unknown options', () => {
    // @ts-expect-error: gama is not an option.
    expect(() => losses.focal({ gama: 2 })).toThrow('gama');
  });

  it.each<[() => unknown, string]>([
    [
      () => losses.distillation({ temperature: 0 }),
      'distillation: expected temperature to be a number above 0',
    ],
    [() => losses.distillation({ temperature: Number.NaN }), 'temperature to be a number above 0'],
    [() => losses.distillation({ alpha: 1.5 }), 'distillation: expected alpha to be a number from 0 to 1'],
    [() => losses.huber({ delta: 0 }), 'huber: expected delta to be a number above 0 but received 0'],
    [
      () => losses.huber({ delta: Number.POSITIVE_INFINITY }),
      'delta to be a number above 0 but received Inf',
    ],
    [() => losses.focal({ gamma: -1 }), 'focal: expected gamma to be a non-negative number but received -1'],
    [() => losses.focal({ alpha: 2 }), 'focal: expected alpha to be a number from 0 to 1 but received 2'],
    [
      () => losses.focalTerms({ labelSmoothing: -0.1 }),
      'focal: expected labelSmoothing to be a number from 0 to 1',
    ],
    [() => losses.dice({ smooth: -1 }), 'dice: expected smooth to be a non-negative number but received -1'],
    [
      () => losses.crossEntropy({ labelSmoothing: 1.1 }),
      'crossEntropy: expected labelSmoothing to be a number',
    ],
    [
      () => losses.softCrossEntropy({ labelSmoothing: Number.NaN }),
      'softCrossEntropy: expected labelSmoothing',
    ],
    [
      () => losses.bceWithLogits({ targetThreshold: 2 }),
      'bceWithLogits: expected targetThreshold to be a number',
    ],
    [
      // @ts-expect-error: only sigmoid and softmax are choices.
      () => losses.dice({ probabilities: 'softplus' }),
      "dice: expected probabilities to be one of sigmoid, softmax but received 'softplus'",
    ],
    [
      // @ts-expect-error: only present and all are choices.
      () => losses.lovaszSoftmax({ classes: 'absent' }),
      "lovaszSoftmax: expected classes to be one of present, all but received 'absent'",
    ],
  ])('reject an option out of range: %s', (make, message) => {
    const error = expect.objectContaining({
      code: 'ERR_OPTION_VALUE',
      message: expect.stringContaining(message),
    });
    expect(make).toThrow(error);
  });

  it('take options at the ends of their ranges', () => {
    expect(() => [
      losses.distillation({ alpha: 0 }),
      losses.distillation({ alpha: 1 }),
      losses.focal({ gamma: 0, alpha: null, labelSmoothing: 1 }),
      losses.dice({ smooth: 0 }),
      losses.crossEntropy({ labelSmoothing: 1 }),
    ]).not.toThrow();
  });
});
