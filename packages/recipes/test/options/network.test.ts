/** Every value of the configuration's `network` section: its effect on two training steps. */
import { beforeAll, describe, expect, it } from 'vitest';
import { distance, type TwoSteps, twoSteps, values } from './two-steps.js';

const CONV = 'mod3.block1.convs.conv1.weight';

/**
 * Root mean square of a convolution's initial weights; the normalization after it hides their scale from the
 * loss.
 */
function scaleOf({ parameters: [start] }: TwoSteps): number {
  const weights = values(start, CONV);
  return Math.sqrt(weights.reduce((sum, value) => sum + value * value, 0) / weights.length);
}

let inplace: TwoSteps;
beforeAll(async () => {
  inplace = await twoSteps({});
});

const layers = ({ engine }: TwoSteps) =>
  engine.plan.aliases.filter(({ node }) => node.op.name === 'abn_apply');

describe('bn_mode', () => {
  it('inplace overwrites the input of every layer', () => {
    const forward = layers(inplace).filter(({ node }) => node.phase === 'forward');
    expect(forward.length).toBeGreaterThan(15);
    expect(forward.filter(({ veto }) => veto !== null)).toEqual([]);
  });

  it('standard keeps the inputs, and has nearly the same losses while γ is near 1', async () => {
    const standard = await twoSteps({ network: { bn_mode: 'standard' } });
    expect(standard.engine.plan.bytes.activations).toBeGreaterThan(
      1.3 * inplace.engine.plan.bytes.activations,
    );
    expect(standard.losses).not.toEqual(inplace.losses);
    for (const [i, loss] of inplace.losses.entries()) expect(standard.losses[i]).toBeCloseTo(loss, 2);
  });

  it('sync equals inplace bit for bit with one process', async () => {
    const sync = await twoSteps({ network: { bn_mode: 'sync' } });
    expect(sync.losses).toEqual(inplace.losses);
    expect(distance(values(sync.parameters[2]), values(inplace.parameters[2]))).toBe(0);
  });
});

describe('activation', () => {
  it.each([
    ['relu', 'standard', 0.01],
    ['leaky_relu', 'inplace', 0.2],
    ['elu', 'inplace', 1],
    ['elu', 'inplace', 0.5],
    ['identity', 'inplace', 0.01],
  ] as const)(
    '%s with bn_mode %s and parameter %s trains to losses of its own',
    async (activation, bn_mode, param) => {
      const { losses, engine } = await twoSteps({
        network: { activation, bn_mode, activation_param: param },
      });
      expect(losses.every(Number.isFinite)).toBe(true);
      expect(losses).not.toEqual(inplace.losses);
      const attributes = layers({ engine } as TwoSteps).map(({ node }) => node.attrs);
      expect(attributes).toContainEqual(expect.objectContaining({ activation, slope: param }));
    },
  );
});

describe('weight_init and weight_gain_multiplier', () => {
  const GAIN = Math.sqrt(2 / (1 + 0.01 ** 2));

  it.each([
    ['xavier_normal', 2],
    ['xavier_uniform', 2],
    ['orthogonal', 2],
    ['kaiming_normal', 1],
    ['kaiming_uniform', 1],
  ] as const)('%s: a multiplier of 2 makes convolutions %s times as large', async (weight_init, factor) => {
    const once = await twoSteps({ network: { weight_init } });
    const twice = await twoSteps({ network: { weight_init, weight_gain_multiplier: 2 } });
    expect(scaleOf(twice) / scaleOf(once)).toBeCloseTo(factor, 5);
    expect(once.losses.every(Number.isFinite)).toBe(true);
    const fc = (run: TwoSteps) => values(run.parameters[0], 'classifier.fc.weight');
    expect(fc(twice)).toEqual(fc(once));
  });

  it.each([
    ['leaky_relu', 0.01, GAIN],
    ['leaky_relu', 1, 1],
    ['elu', 1, Math.SQRT2],
    ['identity', 0.01, 1],
  ] as const)('take the gain of %s %s', async (activation, activation_param, gain) => {
    const run = await twoSteps({ network: { activation, activation_param } });
    expect(scaleOf(run) / scaleOf(inplace)).toBeCloseTo(gain / GAIN, 5);
  });

  it.each([
    ['elu', 1, 1],
    ['leaky_relu', 1, Math.SQRT1_2],
    ['identity', 1, Math.SQRT1_2],
  ] as const)('kaiming assumes the slope of %s %s', async (activation, activation_param, factor) => {
    const weight_init = 'kaiming_normal';
    const relu = await twoSteps({ network: { weight_init, activation: 'relu', bn_mode: 'standard' } });
    const run = await twoSteps({ network: { weight_init, activation, activation_param } });
    expect(scaleOf(run) / scaleOf(relu)).toBeCloseTo(factor, 5);
  });
});

describe('shape of the network', () => {
  it('classes: outputs of the classifier', async () => {
    const { parameters, losses } = await twoSteps({ network: { classes: 20 } });
    expect(parameters[0].get('classifier.fc.bias')?.shape).toEqual([20]);
    expect(losses[0]).toBeGreaterThan(inplace.losses[0] ?? Number.NaN);
  });

  it('width: channels of every layer', async () => {
    const { parameters } = await twoSteps({ network: { width: 0.2 } });
    expect(parameters[0].get('mod5.block2.convs.conv2.weight')?.shape).toEqual([102, 102, 3, 3]);
  });

  it.each([2, [1, 1, 1, 2]])('dilation %j: modules that do not stride', async (dilation) => {
    const { engine } = await twoSteps({ network: { dilation } });
    const convolutions = engine.plan.graph.nodes.filter(
      ({ op, phase }) => op.name === 'conv2d' && phase === 'forward',
    );
    const dilated = convolutions.filter(({ attrs }) => JSON.stringify(attrs).includes('"dilation":[2,2]'));
    expect(new Set(dilated.map(({ path }) => path.slice(0, 4)))).toEqual(
      new Set(dilation === 2 ? ['mod2', 'mod3', 'mod4', 'mod5'] : ['mod5']),
    );
  });

  it('stem: imagenet begins with a 7×7 convolution, small with a 3×3 one', async () => {
    const run = await twoSteps({ network: { stem: 'imagenet' } });
    expect(run.parameters[0].get('mod1.conv1.weight')?.shape).toEqual([6, 3, 7, 7]);
    expect(inplace.parameters[0].get('mod1.conv1.weight')?.shape).toEqual([6, 3, 3, 3]);
  });

  it('input_3x3: three convolutions in the stem of ResNeXt, no change in ResNet', async () => {
    const same = await twoSteps({ network: { input_3x3: true } });
    expect(same.losses).toEqual(inplace.losses);
    const network = { arch: 'resnext50', stem: 'imagenet', width: 0.5 };
    const { parameters } = await twoSteps({ network: { ...network, input_3x3: true } });
    const other = await twoSteps({ network });
    expect([parameters[0].has('mod1.conv3.weight'), other.parameters[0].has('mod1.conv3.weight')]).toEqual([
      true,
      false,
    ]);
  });

  it('precision bfloat16: about the same losses, float32 weights', async () => {
    const { losses, parameters } = await twoSteps({ network: { precision: 'bfloat16' } });
    expect(losses).not.toEqual(inplace.losses);
    expect(losses[0]).toBeCloseTo(inplace.losses[0] ?? Number.NaN, 1);
    expect([...parameters[2].values()].every(({ dtype }) => dtype === 'float32')).toBe(true);
  });
});
