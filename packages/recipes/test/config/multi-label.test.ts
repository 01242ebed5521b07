/** Multi-label configurations: images with any number of labels. */
import { describe, expect, it } from 'vitest';
import { resolveConfig } from '../../src/index.js';

const resolve = (raw: object) => resolveConfig({ task: 'multi-label', ...raw }, 'test.json');

describe('a multi-label configuration', () => {
  it('has binary cross entropy by default, and resolves to itself', () => {
    const config = resolve({ data: { columns: ['file', 'a', 'b', 'c'] } });
    expect(config.loss.type).toBe('bce');
    expect(resolveConfig(config, 'again.json')).toEqual(config);
    expect(resolve({ loss: { bce_threshold: 0.2, positive_weights: 'balanced' } }).loss.bce_threshold).toBe(
      0.2,
    );
  });

  it.each([
    [{ loss: { type: 'cross_entropy' } }, 'loss.type: '],
    [{ loss: { label_smoothing: 0.1 } }, 'loss.label_smoothing: has no meaning with task "multi-label"'],
    [{ loss: { dice: 1 } }, 'loss.dice: has no meaning with task "multi-label"'],
    [{ loss: { lovasz: 1 } }, 'loss.lovasz: has no meaning with task "multi-label"'],
    [{ loss: { class_weights: 'balanced' } }, 'set loss.positive_weights to that'],
    [{ loss: { positive_weights: [1] } }, 'loss.positive_weights: expected 1000 numbers, one for each'],
    [{ loss: { positive_weights: [0] } }, 'a list of numbers above 0'],
    [{ loss: { type: 'focal', positive_weights: 'balanced' } }, 'loss.focal_alpha weighs positive targets'],
    [{ input: { sampling: 'balanced' } }, 'an image is of several classes'],
    [{ network: { classes: 0 } }, 'network.classes: expected at least 1'],
    [{ segmentation: {} }, 'segmentation: has no meaning with task "multi-label"'],
    [{ data: { palette: 'colors.txt' } }, 'data.palette: has no meaning with task "multi-label"'],
    [{ data: { columns: ['file'] } }, 'a list of at least two texts'],
  ])('refuses %j', (raw, message) => {
    expect(() => resolve(raw)).toThrow(message);
  });

  it.each([
    [{ data: { columns: ['file', 'a', 'b'] } }, 'set task to "multi-label" for a column for each class'],
    [{ data: { label_separator: ';' } }, 'data.label_separator: has no meaning with task "classification"'],
    [
      { loss: { positive_weights: 'balanced' } },
      'loss.positive_weights: has no meaning with task "classification"',
    ],
    [{ task: 'many' }, 'task: expected one of classification, multi-label, segmentation'],
  ])('is suggested if another task uses its keys: %j', (raw, message) => {
    expect(() => resolveConfig(raw, 'test.json')).toThrow(message);
  });
});
