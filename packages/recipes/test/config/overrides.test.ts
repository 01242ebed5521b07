import { describe, expect, it } from 'vitest';
import { ConfigError, resolveConfig } from '../../src/config/config.js';
import { parseOverride } from '../../src/config/overrides.js';

const resolved = (raw: object, ...texts: string[]) =>
  resolveConfig(raw, 'c.json', { overrides: texts.map(parseOverride) });

describe('overrides of a configuration file', () => {
  it('replace its values; the last of several wins', () => {
    const raw = { optimizer: { learning_rate: 0.3, clip: 2 } };
    const config = resolved(
      raw,
      'optimizer.learning_rate=0.2',
      'optimizer.schedule.epochs=3',
      'ema.decay=0.9',
      'ema.decay=0.99',
      'loss.type=bce',
      'input.crop_val=[160,192]',
    );
    expect(config.optimizer).toMatchObject({ learning_rate: 0.2, clip: 2, schedule: { epochs: 3 } });
    expect(config).toMatchObject({ ema: { decay: 0.99 }, loss: { type: 'bce' } });
    expect(config.input.crop_val).toEqual([160, 192]);
    expect(raw.optimizer.learning_rate).toBe(0.3);
  });

  it('are validated like the values of the file', () => {
    expect(() => resolved({}, 'optimizer.lerning_rate=1')).toThrow(
      'c.json: optimizer.lerning_rate: unknown key; did you mean "learning_rate"?',
    );
    expect(() => resolved({}, 'ema.decay=1')).toThrow(
      'c.json: ema.decay: expected a number of at least 0 and below 1, received 1',
    );
  });

  it('replace lists as a whole', () => {
    const raw = { input: { mean: [0.1, 0.2, 0.3] }, optimizer: { groups: [{ parameters: ['a'] }] } };
    const lists = [
      ['input.mean.1=0.5', "input.mean: is a list: give all of it, such as 'input.mean=[0.1,0.5,0.3]'"],
      [
        'optimizer.freeze.0=mod1',
        'optimizer.freeze: is a list: give all of it, such as \'optimizer.freeze=["mod1"]\'',
      ],
      [
        'optimizer.groups.0.weight_decay=0',
        'optimizer.groups: is a list: give all of it, such as ' +
          `'optimizer.groups=[{"parameters":["a"],"weight_decay":0}]'`,
      ],
      [
        'optimizer.groups.one.weight_decay=0',
        'optimizer.groups: is a list: give all of it, such as ' +
          `'optimizer.groups=[{"parameters":["a"]},{"weight_decay":0}]'`,
      ],
    ] as const;
    for (const [text, message] of lists) {
      expect(() => resolved(raw, text), text).toThrow(`c.json: ${message}`);
    }
    // Of the value given before, and of the default.
    expect(() => resolved({}, 'input.crop_val=[160,192]', 'input.crop_val.0=96')).toThrow(
      "c.json: input.crop_val: is a list: give all of it, such as 'input.crop_val=[96,192]'",
    );
    expect(() => resolved({}, 'input.std.2=0.25')).toThrow("'input.std=[0.229,0.224,0.25]'");
    expect(resolved(raw, 'input.mean=[0.1,0.5,0.3]').input.mean).toEqual([0.1, 0.5, 0.3]);
  });

  it('need a key and a value', () => {
    for (const text of ['optimizer.clip', '=3', 'optimizer..clip=1', 'a b=1']) {
      expect(() => parseOverride(text), text).toThrow(ConfigError);
    }
  });
});

describe('rules between keys', () => {
  it.each([
    [{ loss: { class_weights: [1, 2] }, network: { classes: 3 } }, 'loss.class_weights: expected 3 numbers'],
    [
      { loss: { class_weights: [0, 0] }, network: { classes: 2 } },
      'loss.class_weights: expected a number above 0',
    ],
    [
      { optimizer: { schedule: { type: 'cosine', params: { min_rate: 0.2 } } } },
      'optimizer.schedule.params.min_rate: expected at most optimizer.learning_rate, 0.1, received 0.2',
    ],
    [
      { optimizer: { classifier_lr: 0.01, schedule: { type: 'polynomial', params: { min_rate: 0.02 } } } },
      'optimizer.schedule.params.min_rate: expected at most optimizer.classifier_lr, 0.01, received 0.02',
    ],
    [{ loss: { dice: 1 } }, 'loss.dice: has no meaning with task "classification"'],
    [
      { loss: { lovasz_per_image: true } },
      'loss.lovasz_per_image: has no meaning with task "classification"',
    ],
    [
      { optimizer: { accumulate: 9, batch_size: 8 } },
      'optimizer.accumulate: expected at most optimizer.batch_size, 8',
    ],
    [{ control: { time_limit: '1 day' } }, 'control.time_limit: expected -1 or seconds above 0'],
  ])('%o', (raw, message) => {
    expect(() => resolveConfig(raw, 'c.json')).toThrow(message);
  });

  it('read durations with units', () => {
    expect(resolveConfig({ control: { time_limit: '1.5h' } }, 'c.json').control.time_limit).toBe(5400);
    expect(resolveConfig({ control: { time_limit: 90 } }, 'c.json').control.time_limit).toBe(90);
  });
});
