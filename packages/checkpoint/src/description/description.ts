/**
 * The part of a checkpoint that is not tensors but that whoever uses the network needs: names of its outputs, how an image is
 * prepared for it, and its configuration. The keys are the same in every format, and their values plain JSON.
 */
import type { JsonValue } from '../run-state/state.js';

/** One number for both sides, or height and width. */
export type ImageSides = number | readonly [height: number, width: number];

/** How an image becomes the input of a network. */
export interface Preprocessing {
  /** The shorter side is resized to this first, or both sides to a height and a width; null: the image is not resized. */
  readonly scale: ImageSides | null;
  /** The center of the image that the network sees; null: all of it. */
  readonly crop: ImageSides | null;
  /** Of resizing: PIL's, with antialiasing. */
  readonly interpolation: 'bilinear';
  /** Of red, green and blue in [0, 1]. */
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

type JsonObject = Readonly<Record<string, JsonValue>>;

/** Any part may be missing: files of others, and older ones of ours, have none. */
export interface ModelDescription {
  /** Names of the network's outputs, in order. */
  readonly classes?: readonly string[];
  readonly preprocessing?: Preprocessing;
  /** Task and network, as a training configuration has them. */
  readonly config?: JsonObject;
}

/** A description as the keys of a file's metadata; what is missing has no key. */
export function describedAs(description: ModelDescription): Record<string, JsonValue> {
  const { classes, preprocessing, config } = description;
  return {
    ...(classes && { classes: [...classes] }),
    ...(preprocessing && { preprocessing: { ...preprocessing } }),
    ...(config && { config }),
  };
}

/** The description in the keys of a file's metadata. Other programs have values of other forms under these names: they are left out. */
export function descriptionIn(value: (key: string) => unknown): ModelDescription {
  const [classes, preprocessing, config] = ['classes', 'preprocessing', 'config'].map(value);
  return {
    ...(isTexts(classes) && { classes }),
    ...(isPreprocessing(preprocessing) && { preprocessing }),
    ...(isJsonObject(config) && isJsonObject(config.network) && { config }),
  };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isPreprocessing(value: unknown): value is JsonObject & Preprocessing {
  if (!isJsonObject(value)) return false;
  const { scale, crop, interpolation, mean, std } = value;
  const sides = [scale, crop].every((each) => each === null || isSides(each));
  return sides && interpolation === 'bilinear' && [mean, std].every((each) => isNumbers(each, 3));
}

function isSides(value: unknown): boolean {
  const isSide = (side: unknown) => Number.isSafeInteger(side) && Number(side) > 0;
  return isSide(value) || (isNumbers(value, 2) && value.every(isSide));
}

function isNumbers(value: unknown, length: number): value is number[] {
  return Array.isArray(value) && value.length === length && value.every(Number.isFinite);
}

function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
