/**
 * The description of a model in a checkpoint: the names of its outputs, the preprocessing of its input and
 * its configuration. The keys are the same in every format; the values are plain JSON.
 */
import type { JsonValue } from '../run-state/state.js';

/** A number for both sides, or a pair of height and width. */
export type ImageSides = number | readonly [height: number, width: number];

/** Turns an image into the input of a network. */
export interface Preprocessing {
  /** Size to resize to first: a number sets the shorter side, a pair both sides. Null: do not resize. */
  readonly scale: ImageSides | null;
  /** Size of the center crop. Null: use the whole image. */
  readonly crop: ImageSides | null;
  /** Interpolation of the resize: PIL's, with antialiasing. */
  readonly interpolation: 'bilinear';
  /** Mean of red, green and blue in [0, 1]. */
  readonly mean: readonly [number, number, number];
  /** Standard deviation of red, green and blue in [0, 1]. */
  readonly std: readonly [number, number, number];
}

/** Red, green and blue, 0 to 255. */
type Color = readonly [number, number, number];

type JsonObject = Readonly<Record<string, JsonValue>>;

/** Any part may be missing: foreign files, and our older ones, have none. */
export interface ModelDescription {
  /** Names of the network's outputs, in order. */
  readonly classes?: readonly string[];
  /** Colors of those classes, 0 to 255, for a segmentation network. */
  readonly colors?: readonly Color[];
  /** How the network's images are prepared. */
  readonly preprocessing?: Preprocessing;
  /** Task and network, as in a training configuration. */
  readonly config?: JsonObject;
}

/** The description as metadata entries; missing parts have no entry. */
export function describedAs(description: ModelDescription): Record<string, JsonValue> {
  const { classes, colors, preprocessing, config } = description;
  return {
    ...(classes && { classes: [...classes] }),
    ...(colors && { colors: colors.map((color) => [...color]) }),
    ...(preprocessing && { preprocessing: { ...preprocessing } }),
    ...(config && { config }),
  };
}

/**
 * Reads the description from metadata. Ignores values of another form, which other programs store under the
 * same names.
 */
export function descriptionIn(value: (key: string) => unknown): ModelDescription {
  const [classes, colors, preprocessing, config] = ['classes', 'colors', 'preprocessing', 'config'].map(
    value,
  );
  return {
    ...(isTexts(classes) && { classes }),
    ...(isColors(colors) && { colors }),
    ...(isPreprocessing(preprocessing) && { preprocessing }),
    ...(isJsonObject(config) && isJsonObject(config.network) && { config }),
  };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isColors(value: unknown): value is [number, number, number][] {
  const isByte = (part: number) => Number.isInteger(part) && part >= 0 && part <= 255;
  return Array.isArray(value) && value.every((color) => isNumbers(color, 3) && color.every(isByte));
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
