import { LabelFileError } from './errors.js';
import { listNames } from './folders.js';
import { readTable, type TableRow } from './table.js';

/** A label of a list, and the image that it is for. */
export interface LabelRow {
  /** Line of the file, from 1. */
  readonly line: number;
  /** Name of the image; empty in a list without names, whose lines follow the order of the images' names. */
  readonly file: string;
  /** Its text in the file: a class name or a number. */
  readonly label: string;
}

/** The labels of a file. */
export interface LabelList {
  /** The file, as errors name it. */
  readonly path: string;
  /** Whether rows name their images. */
  readonly named: boolean;
  /** Whether the first line names the columns. Default false. */
  readonly header?: boolean;
  /** Rows in the order of the file's lines. */
  readonly rows: readonly LabelRow[];
}

/** Options of {@link readLabelFile}. */
export interface LabelFileOptions {
  /** Names of the columns with the file and the label; default: common names, or the only two columns. */
  columns?: readonly [file: string, label: string];
}

/**
 * Column names of common data sets, in lower case; `predictionstring` is that of Kaggle's ImageNet.
 */
export const FILE_COLUMNS =
  /^(file|filename|fname|file_?name|filepath|file_?path|image|images|image[_ ]?index|image_?id|image_?name|image_?path|img|path|name|id)$/;
export const LABEL_COLUMNS =
  /^(label|labels|finding[_ ]labels|tags|class|classes|class_?name|class_?id|category|category_?id|target|synset|wnid|breed|diagnosis|species|predictionstring)$/;

/**
 * Reads the labels of images from a CSV or TSV file, or from lines of a name and a label, with or without a
 * header. Lines of one column are labels alone, in the order of the images' names, as in ImageNet's
 * `ILSVRC2012_validation_ground_truth.txt`.
 *
 * @throws LabelFileError naming file and line
 */
export async function readLabelFile(path: string, options: LabelFileOptions = {}): Promise<LabelList> {
  const table = await readTable(path);
  const first = table[0];
  if (!first) throw new LabelFileError(path, 0, 'is empty: expected a line for each image');
  const header = headerOf(path, first, options);
  const rows = header ? table.slice(1) : table;
  if (rows.length === 0) throw new LabelFileError(path, 0, 'names no image: it has only a header');
  if (first.cells.length === 1 && !header) {
    return {
      path,
      named: false,
      rows: rows.map(({ line, cells }) => ({ line, file: '', label: cells[0] ?? '' })),
    };
  }
  const { file, label, words } = header ?? { file: 0, label: 1, words: false };
  const common = { path, named: true, header: header !== undefined };
  return { ...common, rows: rows.map((row) => rowOf(path, row, file, label, words)) };
}

interface Columns {
  readonly file: number;
  readonly label: number;
  /** Whether the label is the first word of its cell. */
  readonly words: boolean;
}

/** The columns that the first row names; undefined if it is not a header. */
function headerOf(
  path: string,
  { line, cells }: TableRow,
  { columns }: LabelFileOptions,
): Columns | undefined {
  const names = cells.map((cell) => cell.toLowerCase());
  if (columns) {
    const [file, label] = columns.map((name) => names.indexOf(name.toLowerCase()));
    const missing = columns.filter((name) => !names.includes(name.toLowerCase()));
    if (file === undefined || label === undefined || missing.length > 0) {
      throw new LabelFileError(path, line, `has no column ${listNames(missing)}; it has ${listNames(cells)}`);
    }
    return { file, label, words: false };
  }
  const label = names.findIndex((name) => LABEL_COLUMNS.test(name));
  const file = names.findIndex((name) => FILE_COLUMNS.test(name));
  if (file >= 0 && label >= 0) return { file, label, words: names[label] === 'predictionstring' };
  if (cells.length <= 2) return undefined;
  throw new LabelFileError(
    path,
    line,
    `has ${cells.length} columns (${listNames(cells)}): name the columns of the file and the label`,
    'columns',
  );
}

function rowOf(
  path: string,
  { line, cells }: TableRow,
  file: number,
  label: number,
  words: boolean,
): LabelRow {
  const name = cells[file] ?? '';
  const text = cells[label] ?? '';
  if (name === '') throw new LabelFileError(path, line, 'has no file name');
  if (text === '') throw new LabelFileError(path, line, `has no label for ${name}`);
  return { line, file: name, label: words ? (text.split(/\s+/, 1)[0] ?? '') : text };
}
