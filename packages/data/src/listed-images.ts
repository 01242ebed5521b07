import { basename, isAbsolute, relative, resolve } from 'node:path';
import { DataError, LabelFileError } from './errors.js';
import { compareCodePoints, describeOthers, filesBelow, IMAGE_NAME } from './folders.js';
import type { LabelList, LabelRow } from './label-file.js';
import { LabeledFiles } from './labeled-files.js';

/** Options of {@link openListed}. */
export interface ListedOptions {
  /** Allowed classes, which labels give by name or by index; default: those that occur in the list. */
  classes?: readonly string[];
  /** Class names by number, for a list of numbers such as that of ImageNet's devkit. */
  synsets?: ReadonlyMap<number, string>;
}

/** Images with labels from a list. */
export interface Listed {
  /** The images that the list names, in the order of their names. */
  readonly images: LabeledFiles;
  /** Images of the folder that the list does not name; they are left out. */
  readonly unlisted: number;
}

/**
 * Finds the images of a list in a folder and below, in the order of their names. Names of the list are
 * relative to the folder, or absolute, and may lack the extension.
 *
 * Labels are class names or integers, which may be written as `2.0`. Integers are numbers of `synsets` or, if
 * no class has such a name, indices into `classes`. Without `classes`, the labels that occur are the classes,
 * in code point order, or in numeric order if all are numbers.
 *
 * @throws LabelFileError naming file and line
 * @throws DataError if the folder is missing or has no image
 */
export async function openListed(
  root: string,
  list: LabelList,
  options: ListedOptions = {},
): Promise<Listed> {
  const { files, rows } = await rowsOfFiles(root, list);
  const named = namesOf(list, wholeNumbers(rows, options.classes), options.synsets);
  const classes = options.classes ?? classesOf(named);
  const indexOf = indexIn(list, named, classes);
  const kept: string[] = [];
  const labels: number[] = [];
  for (const [index, file] of files.entries()) {
    const row = named[index];
    if (!row) continue;
    kept.push(file);
    labels.push(indexOf(row));
  }
  const images = new LabeledFiles(root, classes, kept, Int32Array.from(labels), false);
  return { images, unlisted: files.length - kept.length };
}

/** A row for each file, undefined for a file that the list does not name. */
type Rows<R = LabelRow> = readonly (R | undefined)[];

/** A list with a row per image. */
interface List<R> extends Pick<LabelList, 'path' | 'named' | 'header'> {
  readonly rows: readonly R[];
}

/** The images in a folder and below, in the order of their names, each with its row of a list. */
export async function rowsOfFiles<R extends Pick<LabelRow, 'line' | 'file'>>(
  root: string,
  list: List<R>,
): Promise<{ readonly files: readonly string[]; readonly rows: Rows<R> }> {
  const found = await filesBelow(root, '.', IMAGE_NAME, 'folder of images');
  // The root comes first as "."; sorted as a whole, a file's place does not depend on it.
  const files = found.files.map((file) => file.slice(2)).sort(compareCodePoints);
  if (files.length === 0) {
    throw new DataError(
      `No images in ${root}, for the labels of ${list.path}.${describeOthers(found.others)}`,
    );
  }
  return { files, rows: list.named ? rowsByFile(root, list, files) : rowsInOrder(root, list, files) };
}

function rowsInOrder<R>(root: string, { path, rows }: List<R>, files: readonly string[]): Rows<R> {
  if (rows.length === files.length) return rows;
  throw new LabelFileError(
    path,
    0,
    `has ${rows.length} lines of a label alone, but ${root} has ${files.length} images: ` +
      'such a list has a line for each image, in the order of their names',
  );
}

function rowsByFile<R extends Pick<LabelRow, 'line' | 'file'>>(
  root: string,
  { path, rows, header }: List<R>,
  files: readonly string[],
): Rows<R> {
  const find = finder(root, files);
  const ofFile = new Array<R | undefined>(files.length);
  for (const row of rows) {
    const index = find(row.file);
    if (index === undefined) {
      const reason = `there is no image ${row.file} in ${root}`;
      if (header || row !== rows[0]) throw new LabelFileError(path, row.line, reason);
      const hint = 'If the line names the columns, say which ones hold the file and the label';
      throw new LabelFileError(path, row.line, `${reason}. ${hint}`, 'columns');
    }
    const former = ofFile[index];
    if (former) throw new LabelFileError(path, row.line, `${row.file} is already on line ${former.line}`);
    ofFile[index] = row;
  }
  return ofFile;
}

/**
 * Finds files by name, by name without extension if that is unique, or by either after the folder's name or
 * path.
 */
function finder(root: string, files: readonly string[]): (name: string) => number | undefined {
  const byName = new Map(files.map((file, index) => [file, index]));
  const byStem = new Map<string, number | undefined>();
  for (const [index, file] of files.entries()) {
    const stem = file.replace(IMAGE_NAME, '');
    byStem.set(stem, byStem.has(stem) ? undefined : index);
  }
  const path = resolve(root);
  const folder = `${basename(path)}/`;
  return (given) => {
    const name = given.replaceAll('\\', '/').replace(/^(\.\/)+/, '');
    const names = [name];
    if (name.startsWith(folder)) names.push(name.slice(folder.length));
    if (isAbsolute(name)) names.push(relative(path, name).replaceAll('\\', '/'));
    return names.map((each) => byName.get(each) ?? byStem.get(each)).find((index) => index !== undefined);
  };
}

/** Drops the fraction of whole numbers such as `2.0`, as pandas writes a column with gaps. */
function wholeNumbers(rows: Rows, classes: readonly string[] = []): Rows {
  const given = rows.flatMap((row) => (row ? [row.label] : []));
  const areWhole = given.every((label) => /^\d+(\.0+)?$/.test(label));
  if (!areWhole || given.some((label) => label.includes('.') && classes.includes(label))) return rows;
  return rows.map((row) => row && { ...row, label: row.label.replace(/\.0+$/, '') });
}

/** Replaces the numbers of a devkit in rows by class names. */
function namesOf({ path }: LabelList, rows: Rows, synsets: ReadonlyMap<number, string> | undefined): Rows {
  if (!synsets) return rows;
  return rows.map((row) => {
    if (!row || !isNumber(row.label)) return row;
    const label = synsets.get(Number(row.label));
    if (label !== undefined) return { ...row, label };
    throw new LabelFileError(path, row.line, `no class has the number ${row.label}`);
  });
}

function isNumber(label: string): boolean {
  return /^\d+$/.test(label);
}

function classesOf(rows: Rows): string[] {
  return inOrder(rows.flatMap((row) => (row ? [row.label] : [])));
}

/** Distinct labels in code point order, or in numeric order if all are numbers. */
export function inOrder(given: readonly string[]): string[] {
  const labels = [...new Set(given)];
  return labels.every(isNumber)
    ? labels.sort((a, b) => Number(a) - Number(b))
    : labels.sort(compareCodePoints);
}

function indexIn({ path }: LabelList, rows: Rows, classes: readonly string[]): (row: LabelRow) => number {
  const byName = new Map(classes.map((name, index) => [name, index]));
  const given = rows.flatMap((row) => (row ? [row] : []));
  const numbers =
    given.every(({ label }) => isNumber(label)) && !given.some(({ label }) => byName.has(label));
  if (!numbers) {
    return ({ label, line }) => {
      const index = byName.get(label);
      if (index !== undefined) return index;
      throw new LabelFileError(path, line, `${label} is not one of the ${classes.length} classes`);
    };
  }
  const least = given.reduce((found, { label }) => Math.min(found, Number(label)), Number.POSITIVE_INFINITY);
  const beyond = given.find(({ label }) => Number(label) >= classes.length);
  if (beyond) {
    const reason = `there is no class ${beyond.label}: the ${classes.length} classes are numbered from 0`;
    if (least === 0 || Number(beyond.label) > classes.length)
      throw new LabelFileError(path, beyond.line, reason);
    const from1 = 'and the list seems to count from 1. Name the file with the class of each number';
    throw new LabelFileError(path, beyond.line, `${reason}, ${from1}`, 'synsets');
  }
  return ({ label }) => Number(label);
}
