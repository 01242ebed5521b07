/** Keys without effect: refused in new files, accepted from runs that exist. */
import { describe, expect, it } from 'vitest';
import { keysWithoutEffect, resolveConfig } from '../../src/config/config.js';
import { parseOverride } from '../../src/config/overrides.js';
import { problemsOf } from './problems.js';

const SEGMENTATION = { task: 'segmentation', network: { classes: 20 } };

/** A configuration with a key that does nothing, its problem, and what gives the key an effect. */
const REFUSED: [object, string, object][] = [
  [{ ema: { warmup: true } }, 'ema.warmup: has no effect without ema.decay', { ema: { decay: 0.9 } }],
  [{ ema: { every: 2 } }, 'ema.every: has no effect without ema.decay', { ema: { decay: 0.9 } }],
  [
    { ema: { decay: 0.9, warmup_gamma: 2 } },
    'ema.warmup_gamma: has no effect without ema.warmup',
    { ema: { warmup: true } },
  ],
  [
    { mix: { probability: 0.5 } },
    'mix.probability: has no effect without mix.mixup or mix.cutmix',
    { mix: { cutmix: 1 } },
  ],
  [
    { mix: { mixup: 1, switch_probability: 0.1 } },
    'mix.switch_probability: has no effect without both mix.mixup and mix.cutmix',
    { mix: { cutmix: 1 } },
  ],
  [
    { mix: { mixup: 0.2, probability: 0 } },
    'mix.mixup: has no effect with mix.probability 0',
    { mix: { probability: 0.1 } },
  ],
  [
    { augmentation: { rand_augment_magnitude: 5 } },
    'augmentation.rand_augment_magnitude: has no effect without augmentation.rand_augment',
    { augmentation: { rand_augment: true } },
  ],
  [
    { augmentation: { trivial_augment: true, rand_augment_ops: 1 } },
    'augmentation.rand_augment_ops: has no effect without augmentation.rand_augment',
    { augmentation: { trivial_augment: false, rand_augment: true } },
  ],
  [
    { augmentation: { interpolation: 'nearest' } },
    'augmentation.interpolation: has no effect without augmentation.rand_augment or augmentation.trivial_augment',
    { augmentation: { trivial_augment: true } },
  ],
  [
    { augmentation: { random_erasing_mode: 'pixel' } },
    'augmentation.random_erasing_mode: has no effect without augmentation.random_erasing',
    { augmentation: { random_erasing: 0.1 } },
  ],
  [
    { loss: { bce_threshold: 0.2 } },
    'loss.bce_threshold: has no effect without loss.type "bce"',
    { loss: { type: 'bce' } },
  ],
  [
    { loss: { type: 'bce', focal_gamma: 1 } },
    'loss.focal_gamma: has no effect without loss.type "focal"',
    { loss: { type: 'focal' } },
  ],
  [
    { task: 'multi-label', loss: { focal_alpha: 0.5 } },
    'loss.focal_alpha: has no effect without loss.type "focal"',
    { loss: { type: 'focal' } },
  ],
  [
    { ...SEGMENTATION, loss: { lovasz_classes: 'all' } },
    'loss.lovasz_classes: has no effect without loss.lovasz',
    { loss: { lovasz: 1 } },
  ],
  [
    { control: { min_delta: 0.1 } },
    'control.min_delta: has no effect without control.patience',
    { control: { patience: 3 } },
  ],
  [
    { data: { cache_limit: '1GB' } },
    'data.cache_limit: has no effect without data.cache',
    { data: { cache: 'ram' } },
  ],
  [
    { data: { synsets: 'map.txt' } },
    'data.synsets: has no effect without data.train_labels or data.val_labels',
    { data: { val_labels: 'val.txt' } },
  ],
  [
    { input: { unreadable_limit: 5 } },
    'input.unreadable_limit: has no effect without input.unreadable',
    { input: { unreadable: 'skip' } },
  ],
  [
    { optimizer: { schedule: { type: 'cosine', params: { min_rate: 1 } } } },
    'optimizer.schedule.params.min_rate: expected at most optimizer.learning_rate, 0.1, received 1: the rate falls to it',
    { optimizer: { learning_rate: 1 } },
  ],
];

/** `more` laid over `object`, section by section. */
function merged(object: object, more: object): object {
  const entries = Object.entries(more).map(([section, keys]) => [
    section,
    { ...Reflect.get(object, section), ...keys },
  ]);
  return { ...object, ...Object.fromEntries(entries) };
}

describe('a key without effect', () => {
  it.each(REFUSED)('is refused: %j', (raw, problem, switched) => {
    expect(problemsOf(raw)).toEqual([`c.json: ${problem}`]);
    expect(problemsOf(merged(raw, switched))).toEqual([]);
  });

  it.each(REFUSED)('does not keep a run that exists from resuming: %j', (raw) => {
    const stored = resolveConfig(raw, 'c.json', { ofRun: true });
    expect(resolveConfig(stored, 'c.json', { ofRun: true })).toEqual(stored);
  });

  it('is refused with the reason of the task', () => {
    expect(problemsOf({ ...SEGMENTATION, augmentation: { rand_augment_ops: 3 } })).toEqual([
      'c.json: augmentation.rand_augment_ops: has no meaning with task "segmentation": label maps are scaled, cropped and mirrored alone',
    ]);
    expect(problemsOf({ ...SEGMENTATION, mix: { mixup: 1, probability: 0 } })).toEqual([
      'c.json: mix.mixup: has no meaning with task "segmentation": label maps are not mixed',
    ]);
  });

  it('may stay in a file whose switch an override turns off', () => {
    const raw = { ema: { decay: 0.9, every: 32 }, mix: { cutmix: 1 } };
    const set = (...texts: string[]) =>
      resolveConfig(raw, 'c.json', { overrides: texts.map(parseOverride) }).ema;
    expect(set('ema.decay=0', 'mix.probability=0')).toMatchObject({ decay: 0, every: 32 });
    expect(() => set('ema.decay=0', 'ema.warmup=true')).toThrow('ema.warmup: has no effect');
  });

  it('of an optimizer is accepted, and noted', () => {
    const notes = (optimizer: object) => keysWithoutEffect(resolveConfig({ optimizer }, 'c.json'));
    expect(notes({ betas: [0.8, 0.9], eps: 1e-3, alpha: 0.5 })).toEqual([
      'optimizer.betas has no effect without optimizer.type Adam, AdamW or LAMB',
      'optimizer.eps has no effect without optimizer.type Adam, AdamW, LAMB, RMSprop or RMSpropTF',
      'optimizer.alpha has no effect without optimizer.type RMSprop or RMSpropTF',
    ]);
    expect(notes({ type: 'AdamW', momentum: 0.8, nesterov: true })).toEqual([
      'optimizer.momentum has no effect without optimizer.type SGD, RMSprop or RMSpropTF',
      'optimizer.nesterov has no effect without optimizer.type "SGD"',
    ]);
    expect(notes({ nesterov: true, momentum: 0.8 })).toEqual([]);
    expect(notes({ type: 'RMSprop', alpha: 0.9, eps: 1, momentum: 0 })).toEqual([]);
  });

  it('is noted for a run that exists', () => {
    const config = resolveConfig({ ema: { every: 2 } }, 'c.json', { ofRun: true });
    expect(keysWithoutEffect(config)).toEqual(['ema.every has no effect without ema.decay']);
    expect(keysWithoutEffect(resolveConfig({}, 'c.json'))).toEqual([]);
  });
});
