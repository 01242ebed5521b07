import { describe, expect, it } from 'vitest';
import { resolveConfig } from '../../src/config/config.js';
import { problemsOf } from './problems.js';

describe('segmentation', () => {
  const task = 'segmentation';
  const network = { classes: 20 };

  it('has a section with defaults, and resolves to itself', () => {
    const config = resolveConfig({ task, network }, 'c.json');
    expect(config).toMatchObject({
      task,
      segmentation: {
        output_stride: 8,
        head_channels: 256,
        hidden_channels: 256,
        head_dilations: [12, 24, 36],
        pooling_size: [84, 84],
        ignore_index: 255,
        size: -1,
        scale_min: 0.5,
        scale_max: 2,
        flip: true,
        max_side_val: -1,
        images: 'images',
        labels: 'labels',
        image_suffix: '',
        label_suffix: '',
      },
    });
    expect(resolveConfig(config, 'c.json')).toEqual(config);
  });

  it.each<[string, object, string]>([
    [
      'unknown task',
      { task: 'segmentatoin' },
      'task: expected one of classification, multi-label, segmentation, received "segmentatoin"; did you mean "segmentation"?',
    ],
    [
      'its section in classification',
      { segmentation: { flip: false } },
      'segmentation: has no meaning with task "classification": set task to "segmentation", or leave it out',
    ],
    [
      'a key of classification',
      { task, network, input: { area_train: [0.5, 1] } },
      'input.area_train: has no meaning with task "segmentation": segmentation.scale_min and scale_max bound the scale',
    ],
    [
      'a key of label maps in classification',
      { data: { label_map: { 1: 0 } } },
      'data.label_map: has no meaning with task "classification": it is for label maps',
    ],
    [
      'an unknown layout',
      { task, network, data: { layout: 'city' } },
      'data.layout: expected one of folders, voc, ade20k, cityscapes, cityscapes_train_ids, vistas, vistas_v2, received "city"',
    ],
    [
      'a class that is none',
      { task, network, data: { label_map: { 7: 'void' } } },
      'data.label_map.7: expected a class from 0 to 255, or "ignore", received "void"',
    ],
    [
      'an id that is none',
      { task, network, data: { label_map: { road: 1 } } },
      'data.label_map.road: expected an object of ids from 0 to 255, or *, each with a class or "ignore", received 1',
    ],
    [
      'unknown key',
      { task, network, segmentation: { ignore_indx: 0 } },
      'segmentation.ignore_indx: unknown key; did you mean "ignore_index"?',
    ],
    [
      'ignored class',
      { task, network, segmentation: { ignore_index: 256 } },
      'segmentation.ignore_index: expected an integer from 0 to 255, received 256',
    ],
    [
      'window',
      { task, network, segmentation: { pooling_size: 84 } },
      'segmentation.pooling_size: expected a list of two positive integers (height, width), received 84',
    ],
    [
      'scales',
      { task, network, segmentation: { scale_min: 3 } },
      'segmentation.scale_max: expected a number of at least segmentation.scale_min, 3, received 2',
    ],
    [
      'classes left out',
      { task },
      'network.classes: expected 1 to 255 with task "segmentation", received 1000 (the default)',
    ],
    [
      'one image a batch',
      { task, network, optimizer: { batch_size: 1 } },
      'optimizer.batch_size: expected at least 2 with task "segmentation", received 1: the head normalizes one value an image',
    ],
    [
      'parts of one image',
      { task, network, optimizer: { batch_size: 4, accumulate: 3 } },
      'optimizer.accumulate: expected at most 2 with task "segmentation", received 3: the head normalizes one value an image, so each part needs 2 of the 4 images',
    ],
    [
      'no classes',
      { task, network: { classes: 0 } },
      'network.classes: expected 1 to 255 with task "segmentation", received 0',
    ],
  ])('%s', (_, object, expected) => {
    expect(problemsOf(object)[0]).toBe(`c.json: ${expected}`);
  });

  it('may have parts of one image where statistics have more', () => {
    const optimizer = { batch_size: 4, accumulate: 3 };
    expect(problemsOf({ task, network, optimizer: { batch_size: 4, accumulate: 2 } })).toEqual([]);
    expect(problemsOf({ task, network, optimizer: { ...optimizer, frozen_statistics: true } })).toEqual([]);
    const sync = { ...network, bn_mode: 'sync', activation: 'leaky_relu' };
    expect(problemsOf({ task, network: sync, optimizer })).toEqual([]);
  });
});
