/** Keys that have an effect only together with another one. */
import { isOverridden, type Override } from './overrides.js';
import { type Problem, valueAt } from './problems.js';

/** Reads a key by its dotted path, such as `ema.decay`; a missing one has its default. */
type Get = (key: string) => unknown;

interface Rule {
  readonly keys: readonly string[];
  /** The keys that decide whether these have an effect. */
  readonly by: readonly string[];
  /** Ends the sentence "KEY has no effect …". */
  readonly unless: string;
  readonly works: (get: Get, isSet: (key: string) => boolean) => boolean;
  /** Whether a run only notes it, because files of the reference and older ones have the key. */
  readonly noted?: boolean;
}

/** `keys` need at least one of `switches` at another value than its default. */
function needsAny(keys: readonly string[], ...switches: readonly string[]): Rule {
  const unless = `without ${switches.join(' or ')}`;
  return { keys, by: switches, unless, works: (_, isSet) => switches.some(isSet) };
}

/** `keys` need one of some values of `key`. */
function needsValue(keys: readonly string[], key: string, values: readonly string[], noted = false): Rule {
  const [last, others] = [values.at(-1), values.slice(0, -1)];
  const named = others.length > 0 ? `${others.join(', ')} or ${last}` : `"${last}"`;
  const works = (get: Get) => values.some((value) => value === get(key));
  return { keys, by: [key], unless: `without ${key} ${named}`, works, noted };
}

const [MIXED, TYPE] = [['mix.mixup', 'mix.cutmix'], 'optimizer.type'];

const RULES: readonly Rule[] = [
  needsAny(['ema.every', 'ema.warmup'], 'ema.decay'),
  needsAny(['ema.warmup_gamma', 'ema.warmup_power'], 'ema.warmup'),
  needsAny(['mix.probability'], ...MIXED),
  {
    keys: ['mix.switch_probability'],
    by: MIXED,
    unless: 'without both mix.mixup and mix.cutmix',
    works: (_, isSet) => MIXED.every(isSet),
  },
  {
    keys: MIXED,
    by: ['mix.probability'],
    unless: 'with mix.probability 0',
    works: (get) => get('mix.probability') !== 0,
  },
  needsAny(
    ['augmentation.rand_augment_ops', 'augmentation.rand_augment_magnitude'],
    'augmentation.rand_augment',
  ),
  needsAny(['augmentation.interpolation'], 'augmentation.rand_augment', 'augmentation.trivial_augment'),
  needsAny(['augmentation.random_erasing_mode'], 'augmentation.random_erasing'),
  needsValue(['loss.bce_threshold'], 'loss.type', ['bce']),
  needsValue(['loss.focal_alpha', 'loss.focal_gamma'], 'loss.type', ['focal']),
  needsAny(['loss.lovasz_classes', 'loss.lovasz_per_image'], 'loss.lovasz'),
  needsAny(['control.min_delta'], 'control.patience'),
  needsAny(['data.cache_limit'], 'data.cache'),
  needsAny(['data.synsets'], 'data.train_labels', 'data.val_labels'),
  needsAny(['input.unreadable_limit'], 'input.unreadable'),
  needsValue(['optimizer.betas'], TYPE, ['Adam', 'AdamW', 'LAMB'], true),
  needsValue(['optimizer.eps'], TYPE, ['Adam', 'AdamW', 'LAMB', 'RMSprop', 'RMSpropTF'], true),
  needsValue(['optimizer.alpha'], TYPE, ['RMSprop', 'RMSpropTF'], true),
  needsValue(['optimizer.momentum'], TYPE, ['SGD', 'RMSprop', 'RMSpropTF'], true),
  needsValue(['optimizer.nesterov'], TYPE, ['SGD'], true),
];

/** Sections without a meaning for segmentation. */
const OF_CLASSIFICATION: Readonly<Record<string, string>> = {
  augmentation: 'label maps are scaled, cropped and mirrored alone',
  mix: 'label maps are not mixed',
};

interface Found extends Rule {
  readonly key: string;
}

/** Keys that differ from their default, without effect. Defaults do not count: see `meaningless`. */
function found(raw: unknown, defaults: object): Found[] {
  const given = (key: string) => valueAt(raw, key.split('.'));
  const preset = (key: string) => valueAt(defaults, key.split('.'));
  const isSet = (key: string) =>
    given(key) !== undefined && JSON.stringify(given(key)) !== JSON.stringify(preset(key));
  const get = (key: string) => {
    // The default of multi-label is bce.
    if (key === 'loss.type' && given('task') === 'multi-label') return given(key) ?? 'bce';
    return given(key) ?? preset(key);
  };
  return RULES.flatMap((rule) =>
    rule.works(get, isSet) ? [] : rule.keys.filter(isSet).map((key) => ({ ...rule, key })),
  );
}

/**
 * A problem for each key that a user may believe in although it does nothing. An override that switches
 * something off leaves its keys of the file alone: `ema.decay=0` for a file with `ema.every`.
 */
export function effectProblems(raw: unknown, defaults: object, overrides: readonly Override[]): Problem[] {
  const overridden = (key: string) => isOverridden(key.split('.'), overrides);
  const ofMaps = valueAt(raw, ['task']) === 'segmentation';
  return found(raw, defaults)
    .filter(({ key, by, noted }) => !noted && (overridden(key) || !by.some(overridden)))
    .map(({ key, unless }) => {
      const path = key.split('.');
      const hint = ofMaps && OF_CLASSIFICATION[path[0] ?? ''];
      const message = hint ? `has no meaning with task "segmentation": ${hint}` : `has no effect ${unless}`;
      return { path, at: 'key', message };
    });
}

/** A sentence for each key of a complete configuration that has no effect. */
export function effectNotes(config: object, defaults: object): string[] {
  return found(config, defaults).map(({ key, unless }) => `${key} has no effect ${unless}`);
}
