import type { Rgb } from './color.js';

/** The class id of pixels without a class. The loss and all metrics ignore them. */
export const IGNORED = 255;

/** The class that stands for a color in label maps. */
export interface PaletteColor {
  /** Class id, 0 to 255. */
  readonly id: number;
  /** Red, green, blue; 0 to 255. */
  readonly color: Rgb;
}

/** How the files of a data set code the class of a pixel, in the order in which it is applied. */
export interface LabelCoding {
  /**
   * Ids of colors. Maps are then read by color: RGB, gray, or a PNG with a palette. Any other color is an
   * error.
   */
  readonly palette?: readonly PaletteColor[];
  /**
   * Ignore id 0 and decrease the others by one, like mmsegmentation's `reduce_zero_label`. 255 stays.
   */
  readonly reduceZero?: boolean;
  /**
   * Class of each id, or `ignore`; `*` stands for all ids that are not named. Without `*`, such an id is an
   * error, except 255, which is ignored.
   */
  readonly labelMap?: Readonly<Record<string, number | 'ignore'>>;
}

/** A {@link LabelCoding} as tables. */
export interface LabelDecoder {
  /** Id of each color (see `colorKey`); undefined where files hold ids. */
  readonly idOf?: ReadonlyMap<number, number>;
  /**
   * Class of each id: 255 if it is ignored, −1 if the map of ids does not name it. Undefined if ids are
   * classes.
   */
  readonly classOf?: Int16Array;
}

const OTHERS = '*';

/**
 * Checks a coding and makes its tables.
 * @throws RangeError naming the entry that is wrong
 */
export function labelDecoder({ palette, reduceZero = false, labelMap }: LabelCoding): LabelDecoder {
  const idOf = palette && colorTable(palette);
  return { idOf, classOf: reduceZero || labelMap ? classTable(reduceZero, labelMap) : undefined };
}

function colorTable(palette: readonly PaletteColor[]): Map<number, number> {
  if (palette.length === 0) throw new RangeError('The palette has no colors');
  const idOf = new Map<number, number>();
  for (const { id, color } of palette) {
    checkByte('an id of the palette', id);
    for (const sample of color) checkByte(`the color of id ${id}`, sample);
    const key = colorKey(...color);
    const former = idOf.get(key);
    if (former !== undefined) {
      throw new RangeError(`The palette has the color ${color.join(', ')} twice: for ${former} and ${id}`);
    }
    idOf.set(key, id);
  }
  return idOf;
}

function classTable(reduceZero: boolean, labelMap: LabelCoding['labelMap']): Int16Array {
  const reduced = (id: number) => (id === 0 || id === IGNORED ? IGNORED : id - 1);
  const classOf = labelMap ? mapTable(labelMap) : Int16Array.from({ length: 256 }, (_, id) => id);
  return reduceZero ? Int16Array.from({ length: 256 }, (_, id) => classOf[reduced(id)] as number) : classOf;
}

function mapTable(labelMap: Readonly<Record<string, number | 'ignore'>>): Int16Array {
  const targetOf = (key: string) => {
    const value = labelMap[key] === 'ignore' ? IGNORED : labelMap[key];
    if (value !== undefined) checkByte(`the class of id ${key} in the map of ids`, value);
    return value;
  };
  const classOf = new Int16Array(256).fill(targetOf(OTHERS) ?? -1);
  classOf[IGNORED] = IGNORED;
  for (const key of Object.keys(labelMap)) {
    if (key === OTHERS) continue;
    const id = /^\d+$/.test(key) ? Number(key) : Number.NaN;
    if (!(id < 256))
      throw new RangeError(`Expected an id from 0 to 255, or *, in the map of ids but received ${key}`);
    classOf[id] = targetOf(key) ?? -1;
  }
  return classOf;
}

/** A color as a number of 24 bits, red first. */
export function colorKey(red: number, green: number, blue: number): number {
  return (red << 16) | (green << 8) | blue;
}

function checkByte(what: string, value: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= 255) return;
  throw new RangeError(`Expected an integer from 0 to 255 for ${what} but received ${value}`);
}
