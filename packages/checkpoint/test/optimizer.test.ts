import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  fromTorchOptimizer,
  type HostTensor,
  readStateDict,
  type TorchOptimizerForm,
  type TorchValue,
  toTorchOptimizer,
} from '../src/index.js';
import { comparable, float32 } from './tensors.js';

const COMMON = { lr: 0.001, weight_decay: 0, maximize: false, foreach: null, differentiable: false };
const SGD: TorchOptimizerForm = {
  type: 'SGD',
  slots: ['momentum_buffer'],
  counted: false,
  defaults: { ...COMMON, momentum: 0, dampening: 0, nesterov: false },
  mark: 'nesterov',
};
const ADAM: TorchOptimizerForm = {
  type: 'Adam',
  slots: ['exp_avg', 'exp_avg_sq'],
  counted: true,
  defaults: { ...COMMON, betas: [0.9, 0.999], eps: 1e-8, amsgrad: false, capturable: false, fused: null },
  mark: 'betas',
};
/** Like timm's Lamb, which counts updates per group. */
const LAMB: TorchOptimizerForm = {
  type: 'Lamb',
  slots: ['exp_avg', 'exp_avg_sq'],
  counted: 'group',
  defaults: { lr: 0.001, betas: [0.9, 0.999], grad_averaging: true },
  mark: 'grad_averaging',
};
const FORMS = [SGD, ADAM, { ...ADAM, type: 'AdamW' }];

const fixtures = fileURLToPath(new URL('fixtures/torch/', import.meta.url));
const names = ['conv1.weight', 'bn1.weight', 'bn1.bias', 'fc.weight', 'fc.bias'];

async function saved(kind: string): Promise<TorchValue> {
  const { rest } = await readStateDict(join(fixtures, `${kind}.legacy.pth`));
  return rest.get('optimizer') ?? null;
}

describe('fromTorchOptimizer', () => {
  it('names the momentum of SGD', async () => {
    const { types, state, groups, step } = fromTorchOptimizer(await saved('sgd'), names, FORMS);
    expect(types).toEqual(['SGD']);
    expect(step).toBeUndefined();
    expect([...state.keys()]).toEqual(names.map((name) => `${name}.momentum_buffer`));
    expect(state.get('conv1.weight.momentum_buffer')?.shape).toEqual([4, 3, 3, 3]);
    expect(groups.map(({ params }) => params)).toEqual([names.slice(0, 3), names.slice(3)]);
    expect(groups[1]?.options).toMatchObject({ lr: 0.5, momentum: 0.9, nesterov: true, weight_decay: 1e-4 });
  });

  it('names the moments of Adam and counts its updates', async () => {
    const { types, state, groups, step } = fromTorchOptimizer(await saved('adam'), names, FORMS);
    expect(types).toEqual(['Adam', 'AdamW']);
    expect(step).toBe(2);
    expect(state.size).toBe(2 * names.length);
    expect(state.get('fc.bias.exp_avg_sq')?.shape).toEqual([3]);
    expect(groups[0]?.options).toMatchObject({ lr: 0.01, betas: [0.8, 0.99] });
  });

  it('accepts memory addresses as keys, as in PyTorch before 1.5', () => {
    const state = new Map([[94_000_000_000_512, new Map([['momentum_buffer', float32([1], [5])]])]]);
    const group = new Map<string, TorchValue>([
      ['nesterov', false],
      ['params', [94_000_000_000_000, 94_000_000_000_512]],
    ]);
    const value = new Map<string, TorchValue>([
      ['state', state],
      ['param_groups', [group]],
    ]);
    expect(comparable(fromTorchOptimizer(value, ['a', 'b'], FORMS).state)).toEqual(
      comparable(new Map([['b.momentum_buffer', float32([1], [5])]])),
    );
  });

  const wrapped = (item: TorchValue, options: Record<string, TorchValue> = { betas: [0, 0] }): TorchValue =>
    new Map<string, TorchValue>([
      ['state', new Map([[0, item]])],
      ['param_groups', [new Map([...Object.entries(options), ['params', [0]]])]],
    ]);
  it.each<[string, TorchValue, string]>([
    [
      'other parameters',
      wrapped(new Map(), { momentum: 0, params: [0] }),
      'covers 1 parameters (1), but the network has 2',
    ],
    ['something else', new Map([['epoch', 1]]), 'it has no "state" and "param_groups"'],
    [
      'no list',
      new Map<string, TorchValue>([
        ['state', new Map()],
        ['param_groups', [1]],
      ]),
      'a group has no "params"',
    ],
  ])('refuses %s', (_, value, message) => {
    expect(() => fromTorchOptimizer(value, ['a', 'b'], FORMS)).toThrow(message);
  });

  it.each<[string, TorchValue, string]>([
    [
      'amsgrad',
      wrapped(new Map([['max_exp_avg_sq', float32([1], [1])]])),
      '"a" has "max_exp_avg_sq", which is not',
    ],
    ['a part of a step', wrapped(new Map([['step', 1.5]])), '"a" has a "step" that is not an integer'],
    [
      'a step of no number',
      wrapped(new Map(), { step: 'x' }),
      'of group 0 has a "step" that is not an integer',
    ],
    [
      'a group that counts otherwise',
      wrapped(new Map([['step', 3]]), { betas: [0, 0], step: 4 }),
      'different update counts (4, 3)',
    ],
    ['text as momentum', wrapped(new Map([['exp_avg', 'x']])), '"a" has a "exp_avg" that is not a tensor'],
    ['RMSprop', wrapped(new Map(), { alpha: 0.9, momentum: 0 }), 'a class other than SGD, Adam, AdamW'],
  ])('refuses %s', (_, value, message) => {
    expect(() => fromTorchOptimizer(value, ['a'], FORMS)).toThrow(message);
  });
});

describe('toTorchOptimizer', () => {
  it.each([
    ['sgd', SGD],
    ['adam', ADAM],
  ])('reproduces what PyTorch wrote: %s', async (kind, form) => {
    const value = await saved(kind);
    const named = fromTorchOptimizer(value, names, FORMS);
    const back = toTorchOptimizer(form, named.groups, named.state, named.step ?? 0);
    expect(fromTorchOptimizer(back, names, FORMS)).toEqual(named);
  });

  const moments = (name: string): [string, HostTensor][] =>
    LAMB.slots.map((slot) => [`${name}.${slot}`, float32([1], [5])]);

  it("counts updates per group for classes that do, such as timm's Lamb", () => {
    const state = new Map([...moments('a'), ...moments('b')]);
    const groups = ['a', 'b'].map((name) => ({ params: [name], options: { lr: 0.1 } }));
    const kept = new Map([
      ['exp_avg', float32([1], [5])],
      ['exp_avg_sq', float32([1], [5])],
    ]);
    const group = (index: number): TorchValue =>
      new Map<string, TorchValue>(
        Object.entries({ lr: 0.1, betas: [0.9, 0.999], grad_averaging: true, step: 7, params: [index] }),
      );
    const written = toTorchOptimizer(LAMB, groups, state, 7);
    expect(written).toEqual(
      new Map<string, TorchValue>([
        ['state', new Map([0, 1].map((index) => [index, kept]))],
        ['param_groups', [group(0), group(1)]],
      ]),
    );
    const named = fromTorchOptimizer(written, ['a', 'b'], [...FORMS, LAMB]);
    expect(named).toMatchObject({ step: 7, groups: [{ params: ['a'] }, { params: ['b'] }] });
    expect(named.types).toContain('Lamb');
    expect(toTorchOptimizer(LAMB, named.groups, named.state, 7)).toEqual(written);
  });

  it('reads counts per parameter for such a class, as in earlier files', () => {
    const state = new Map(moments('a'));
    const written = toTorchOptimizer({ ...LAMB, counted: true }, [{ params: ['a'], options: {} }], state, 7);
    expect(fromTorchOptimizer(written, ['a'], [LAMB]).step).toBe(7);
  });

  it('fills in the options that torch.optim needs, and skips parameters that were never updated', () => {
    const state = new Map([['b.momentum_buffer', float32([1], [5])]]);
    const groups = [{ params: ['a', 'b'], options: { lr: 0.1, momentum: 0.9 } }];
    expect(toTorchOptimizer(SGD, groups, state, 7)).toEqual(
      new Map<string, TorchValue>([
        ['state', new Map([[1, new Map([['momentum_buffer', float32([1], [5])]])]])],
        [
          'param_groups',
          [
            new Map<string, TorchValue>(
              Object.entries({
                lr: 0.1,
                weight_decay: 0,
                maximize: false,
                foreach: null,
                differentiable: false,
                momentum: 0.9,
                dampening: 0,
                nesterov: false,
                params: [0, 1],
              }),
            ),
          ],
        ],
      ]),
    );
  });

  it('rejects state that belongs to no parameter or is incomplete', () => {
    const state = (name: string): Map<string, HostTensor> => new Map([[name, float32([1], [5])]]);
    const groups = [{ params: ['a'], options: {} }];
    expect(() => toTorchOptimizer(SGD, groups, state('b.momentum_buffer'), 1)).toThrow(
      'The optimizer state "b.momentum_buffer" belongs to no parameter.',
    );
    expect(() => toTorchOptimizer(ADAM, groups, state('a.exp_avg'), 1)).toThrow(
      'The optimizer state of "a" has only exp_avg of exp_avg, exp_avg_sq.',
    );
  });
});
