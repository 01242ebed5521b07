import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { resolveConfig } from '../../src/config/config.js';
import type { NetworkConfig } from '../../src/config/schema.js';
import { initialStateOf, networkOf } from '../../src/network/network.js';

const BASE = { activation: 'leaky_relu', bn_mode: 'inplace', classes: 10, width: 0.125 };

function config(network: object): NetworkConfig {
  return resolveConfig({ network: { ...BASE, ...network } }, 'config.json').network;
}

function names(network: object): string[] {
  return networkOf(config(network))
    .namedStates()
    .map(({ name }) => name);
}

it('initial weights keep their bits: a linear layer has Xavier-uniform weights of gain 0.1 and zero biases', () => {
  const network = config({ arch: 'resnet18', stem: 'small' });
  const state = initialStateOf(networkOf(network), network, 7);
  const hash = createHash('sha256');
  for (const [name, { data }] of state) hash.update(name).update(data);
  expect(hash.digest('hex').slice(0, 16)).toBe('48e5bdc23f717fae');
  expect(new Set<number | bigint>(state.get('classifier.fc.bias')?.data)).toEqual(new Set([0]));
});

describe('networkOf', () => {
  it.each(['resnext50', 'densenet121'])('gives %s the stem of input_3x3', (arch) => {
    expect(names({ arch, input_3x3: true })).toContain('mod1.conv3.weight');
    expect(names({ arch })).not.toContain('mod1.conv3.weight');
  });

  it.each(['resnet18', 'wider_resnet16', 'wider_resnet16_a2'])('ignores input_3x3 for %s', (arch) => {
    expect(names({ arch, input_3x3: true })).toEqual(names({ arch }));
  });

  it('takes 1 and false as not dilated, in every family', () => {
    for (const arch of ['resnet18', 'wider_resnet16', 'wider_resnet16_a2']) {
      expect(names({ arch, dilation: false })).toEqual(names({ arch, dilation: 1 }));
    }
  });

  it.each([
    ['resnet18', true, 'expected one or four numbers of at least 1 but received true'],
    ['wider_resnet16_a2', 2, 'expected true or false (for mod5, mod6 and mod7) but received 2'],
    ['wider_resnet16', 2, 'wider_resnet16 takes no option dilation'],
  ])('explains why %s refuses the dilation %j', (arch, dilation, message) => {
    expect(() => networkOf(config({ arch, dilation }))).toThrow(message);
  });
});
