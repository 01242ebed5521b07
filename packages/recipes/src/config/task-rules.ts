/** Requirements of a task on the rest of its configuration. */
import type { KeyPath } from './json.js';
import { formatPath, type Problem, valueAt } from './problems.js';

/** Class ids are bytes, of which 255 stands for pixels that do not count. */
const MAX_CLASSES = 255;

/** Keys that mean nothing to segmentation, and what there is in their place. */
const OF_CLASSIFICATION: readonly (readonly [KeyPath, string])[] = [
  [['input', 'scale_train'], 'segmentation.size is the shorter side before cropping'],
  [['input', 'scale_val'], 'segmentation.size is the shorter side before cropping'],
  [['input', 'area_train'], 'segmentation.scale_min and scale_max bound the scale'],
  [['input', 'lighting_train'], 'colors are varied by input.color_jitter_train alone'],
  [['augmentation', 'rand_augment'], 'label maps are scaled, cropped and mirrored alone'],
  [['augmentation', 'trivial_augment'], 'label maps are scaled, cropped and mirrored alone'],
  [['augmentation', 'random_erasing'], 'label maps are scaled, cropped and mirrored alone'],
  [['input', 'sampling'], 'images have no class'],
  [['mix', 'mixup'], 'label maps are not mixed'],
  [['mix', 'cutmix'], 'label maps are not mixed'],
  [['loss', 'type'], 'loss.dice adds to the cross entropy'],
  [['data', 'train_labels'], 'segmentation.labels names the folder of label maps'],
  [['data', 'val_labels'], 'segmentation.labels names the folder of label maps'],
  [['data', 'columns'], 'there is no file of labels'],
  [['data', 'synsets'], 'there is no file of labels'],
  [['data', 'split'], 'put the images to validate on into DIR/val'],
];

/** Keys that mean nothing to classification. */
const OF_SEGMENTATION: readonly (readonly [KeyPath, string])[] = [
  [['data', 'layout'], 'it is for label maps'],
  [['data', 'palette'], 'it is for label maps'],
  [['data', 'label_map'], 'it is for label maps'],
  [['data', 'reduce_zero_label'], 'it is for label maps'],
  [['loss', 'dice'], 'loss.type is cross_entropy, bce or focal'],
];

export function taskProblems(raw: unknown, defaults: object): Problem[] {
  return valueAt(raw, ['task']) === 'segmentation'
    ? segmentationProblems(raw, defaults)
    : classificationProblems(raw, defaults);
}

function classificationProblems(raw: unknown, defaults: object): Problem[] {
  const problems = meaningless(raw, defaults, 'classification', OF_SEGMENTATION);
  if (valueAt(raw, ['segmentation']) === undefined) return problems;
  const message = 'has no meaning with task "classification": set task to "segmentation", or leave it out';
  return [...problems, { path: ['segmentation'], at: 'key', message }];
}

/** Keys of another task that are set: a configuration that was completed holds the defaults of all keys. */
function meaningless(
  raw: unknown,
  defaults: object,
  task: string,
  keys: readonly (readonly [KeyPath, string])[],
): Problem[] {
  const set = keys.filter(([path]) => {
    const given = valueAt(raw, path);
    return given !== undefined && JSON.stringify(given) !== JSON.stringify(valueAt(defaults, path));
  });
  return set.map(([path, instead]) => {
    return { path, at: 'key', message: `has no meaning with task "${task}": ${instead}` };
  });
}

function segmentationProblems(raw: unknown, defaults: object): Problem[] {
  const get = (path: KeyPath): unknown => valueAt(raw, path) ?? valueAt(defaults, path);
  const problems = meaningless(raw, defaults, 'segmentation', OF_CLASSIFICATION);
  if (valueAt(raw, ['loss', 'class_weights']) === 'balanced') {
    const message = 'expected a list of numbers with task "segmentation", received "balanced"';
    problems.push({ path: ['loss', 'class_weights'], at: 'value', message });
  }
  const classes = get(['network', 'classes']);
  if (typeof classes === 'number' && !(classes >= 1 && classes <= MAX_CLASSES)) {
    const given = valueAt(raw, ['network', 'classes']) === undefined ? `${classes} (the default)` : classes;
    const message = `expected 1 to ${MAX_CLASSES} with task "segmentation", received ${given}`;
    problems.push({ path: ['network', 'classes'], at: 'value', message });
  }
  const batch = get(['optimizer', 'batch_size']);
  if (batch === 1) {
    const message =
      'expected at least 2 with task "segmentation", received 1: the head normalizes one value an image';
    problems.push({ path: ['optimizer', 'batch_size'], at: 'value', message });
  }
  const low: KeyPath = ['segmentation', 'scale_min'];
  const high: KeyPath = ['segmentation', 'scale_max'];
  const [least, most] = [get(low), get(high)];
  if (typeof least === 'number' && typeof most === 'number' && least > most) {
    const message = `expected a number of at least ${formatPath(low)}, ${least}, received ${most}`;
    problems.push({ path: high, at: 'value', message });
  }
  return problems;
}
