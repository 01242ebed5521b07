/** Layer-wise learning rates for the network that a configuration names. */
import { describe, expect, it } from 'vitest';
import { networkOf, resolveConfig, taskOf } from '../../src/index.js';
import { parameterOptions } from '../../src/step/parameters.js';
import { rawSegmentation } from '../support/label-maps.js';
import { configOf } from '../support/runs.js';

describe('optimizer.layer_decay', () => {
  it('decays over the dense layers of a DenseNet', () => {
    const config = configOf({ network: { arch: 'densenet121' }, optimizer: { layer_decay: 0.5 } });
    const states = networkOf(config.network).namedStates();
    const options = parameterOptions(states, config.optimizer, taskOf(config).objective);
    const factor = (name: string) => options.get(name)?.factor;
    expect(factor('mod1.conv1.weight')).toBe(0.5 ** 59);
    expect(factor('mod2.convs3.5.conv.weight')).toBe(0.5 ** 53);
    expect(factor('tra2.conv.weight')).toBe(0.5 ** 53);
    expect(factor('mod3.convs1.0.conv.weight')).toBe(0.5 ** 52);
    expect(factor('classifier.fc.weight')).toBe(1);
  });

  it('is 1 on the head of a segmentation, which has no blocks', () => {
    const raw = rawSegmentation({ optimizer: { layer_decay: 0.5 } });
    const config = resolveConfig(raw, 'test.json');
    const task = taskOf(config);
    const options = parameterOptions(task.network().namedStates(), config.optimizer, task.objective);
    const of = (prefix: string) =>
      new Set([...options].filter(([name]) => name.startsWith(prefix)).map(([, { factor }]) => factor));
    expect([...of('head.'), ...of('cls.')]).toEqual([1, 1]);
    expect(Math.max(...of('body.mod'))).toBe(0.5);
  });

  it('is refused for a network without blocks', () => {
    const config = configOf({ optimizer: { layer_decay: 0.5 } });
    const states = networkOf(config.network)
      .namedStates()
      .map((state) => ({ ...state, name: state.name.replace('.block', '.stage') }));
    expect(() => parameterOptions(states, config.optimizer, taskOf(config).objective)).toThrow(
      expect.objectContaining({
        code: 'ERR_NO_MATCH',
        message: expect.stringMatching(
          /^optimizer\.layer_decay: the network has no blocks.*block1, block2, /,
        ),
      }),
    );
  });
});
