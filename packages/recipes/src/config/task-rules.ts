/** Requirements of a task on the rest of its configuration. */
import type { KeyPath } from './json.js';
import { formatPath, type Problem, valueAt } from './problems.js';

/** Class ids are bytes, of which 255 stands for pixels that do not count. */
const MAX_CLASSES = 255;

/** Keys without a meaning for segmentation, each with a hint. */
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
  [['data', 'train_labels'], 'segmentation.labels names the folder of label maps'],
  [['data', 'val_labels'], 'segmentation.labels names the folder of label maps'],
  [['loss', 'positive_weights'], 'loss.class_weights weighs classes'],
  [['data', 'columns'], 'there is no file of labels'],
  [['data', 'label_separator'], 'there is no file of labels'],
  [['data', 'synsets'], 'there is no file of labels'],
  [['data', 'split'], 'put the images to validate on into DIR/val'],
];

/** Keys without a meaning unless there are label maps. */
const OF_LABEL_MAPS: readonly (readonly [KeyPath, string])[] = [
  [['data', 'layout'], 'it is for label maps'],
  [['data', 'palette'], 'it is for label maps'],
  [['data', 'label_map'], 'it is for label maps'],
  [['data', 'reduce_zero_label'], 'it is for label maps'],
];

/** Loss terms over pixels. `types`: the losses of a task without pixels. */
function pixelTerms(types: string): readonly (readonly [KeyPath, string])[] {
  return ['dice', 'lovasz', 'lovasz_classes', 'lovasz_per_image'].map((key) => {
    return [['loss', key], `loss.type is ${types}`];
  });
}

/** Keys without a meaning for classification. */
const NOT_OF_CLASSIFICATION: readonly (readonly [KeyPath, string])[] = [
  ...OF_LABEL_MAPS,
  ...pixelTerms('cross_entropy, bce or focal'),
  [['loss', 'positive_weights'], 'loss.class_weights weighs classes'],
  [['data', 'label_separator'], 'an image has one label'],
];

/** Keys without a meaning if an image has any number of labels. */
const NOT_OF_MULTI_LABEL: readonly (readonly [KeyPath, string])[] = [
  ...OF_LABEL_MAPS,
  ...pixelTerms('bce or focal'),
  [['loss', 'label_smoothing'], 'each class is a target of its own'],
  [['input', 'sampling'], 'an image is of several classes: see loss.positive_weights'],
  [['data', 'synsets'], 'labels are names of classes'],
];

export function taskProblems(raw: unknown, defaults: object): Problem[] {
  const task = valueAt(raw, ['task']);
  if (task === 'segmentation') return segmentationProblems(raw, defaults);
  return task === 'multi-label' ? multiLabelProblems(raw, defaults) : classificationProblems(raw, defaults);
}

function classificationProblems(raw: unknown, defaults: object): Problem[] {
  const problems = meaningless(raw, defaults, 'classification', NOT_OF_CLASSIFICATION);
  const columns = valueAt(raw, ['data', 'columns']);
  if (Array.isArray(columns) && columns.length > 2) {
    const message = `expected two columns with task "classification", received ${columns.length}: set task to "multi-label" for a column for each class`;
    problems.push({ path: ['data', 'columns'], at: 'value', message });
  }
  return [...problems, ...withoutSection(raw, 'classification')];
}

/** Rules for weights and outputs if each class has its own sigmoid. */
function multiLabelProblems(raw: unknown, defaults: object): Problem[] {
  const problems = meaningless(raw, defaults, 'multi-label', NOT_OF_MULTI_LABEL);
  if (valueAt(raw, ['loss', 'class_weights']) === 'balanced') {
    const message =
      'expected a list of numbers with task "multi-label", received "balanced": set loss.positive_weights to that';
    problems.push({ path: ['loss', 'class_weights'], at: 'value', message });
  }
  const weights = valueAt(raw, ['loss', 'positive_weights']);
  const classes = valueAt(raw, ['network', 'classes']) ?? valueAt(defaults, ['network', 'classes']);
  if (Array.isArray(weights) && weights.length > 0 && weights.length !== classes) {
    const message = `expected ${classes} numbers, one for each of network.classes, received ${weights.length}`;
    problems.push({ path: ['loss', 'positive_weights'], at: 'value', message });
  }
  const focal = valueAt(raw, ['loss', 'type']) === 'focal';
  if (focal && weights !== undefined && !(Array.isArray(weights) && weights.length === 0)) {
    const message = 'has no meaning with loss.type "focal": loss.focal_alpha weighs positive targets';
    problems.push({ path: ['loss', 'positive_weights'], at: 'key', message });
  }
  if (classes === 0) {
    const message = 'expected at least 1 with task "multi-label", received 0';
    problems.push({ path: ['network', 'classes'], at: 'value', message });
  }
  return [...problems, ...withoutSection(raw, 'multi-label')];
}

function withoutSection(raw: unknown, task: string): Problem[] {
  if (valueAt(raw, ['segmentation']) === undefined) return [];
  const message = `has no meaning with task "${task}": set task to "segmentation", or leave it out`;
  return [{ path: ['segmentation'], at: 'key', message }];
}

/**
 * A problem for each of the keys that differs from its default. Defaults do not count, because a completed
 * configuration holds them all.
 */
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
  problems.push(...partProblems(get));
  const low: KeyPath = ['segmentation', 'scale_min'];
  const high: KeyPath = ['segmentation', 'scale_max'];
  const [least, most] = [get(low), get(high)];
  if (typeof least === 'number' && typeof most === 'number' && least > most) {
    const message = `expected a number of at least ${formatPath(low)}, ${least}, received ${most}`;
    problems.push({ path: high, at: 'value', message });
  }
  return problems;
}

/** The head normalizes one value an image, over the images of a part in one process. */
function partProblems(get: (path: KeyPath) => unknown): Problem[] {
  const [parts, batch] = [get(['optimizer', 'accumulate']), get(['optimizer', 'batch_size'])];
  if (typeof parts !== 'number' || typeof batch !== 'number' || parts === 1 || batch < 2) return [];
  // Statistics of several processes, and running ones, have more than the images of a part.
  const others = get(['network', 'bn_mode']) === 'sync' || get(['deterministic_world']) !== 0;
  if (others || get(['optimizer', 'frozen_statistics']) !== false) return [];
  if (Math.floor(batch / parts) >= 2) return [];
  const message = `expected at most ${Math.floor(batch / 2)} with task "segmentation", received ${parts}: the head normalizes one value an image, so each part needs 2 of the ${batch} images`;
  return [{ path: ['optimizer', 'accumulate'], at: 'value', message }];
}
