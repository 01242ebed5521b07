/** Images with any number of labels each, from a file that lists them. */
import { createHash } from 'node:crypto';
import { LabelFileError } from './errors.js';
import { listNames } from './folders.js';
import { FILE_COLUMNS, LABEL_COLUMNS } from './label-file.js';
import { LabeledFiles } from './labeled-files.js';
import { inOrder, rowsOfFiles } from './listed-images.js';
import { readTable, type TableRow } from './table.js';

/** The labels of an image. */
export interface LabelSetRow {
  /** Line of the file, from 1. */
  readonly line: number;
  /** Name of the image, relative to the folder of images. */
  readonly file: string;
  /** Its labels; none for an image without any. */
  readonly labels: readonly string[];
}

/** The labels of a file. */
export interface LabelSetList {
  /** The file, as errors name it. */
  readonly path: string;
  /** Rows name their images. */
  readonly named: true;
  /** Whether the first line names the columns. Default false. */
  readonly header?: boolean;
  /** Rows in the order of the file's lines. */
  readonly rows: readonly LabelSetRow[];
  /** The classes in the order of their columns; null where a single column lists the labels. */
  readonly columns: readonly string[] | null;
}

/** Options of {@link readLabelSets}. */
export interface LabelSetOptions {
  /**
   * Names of the columns with the file and the labels. With more than two names, those after the first are
   * classes, with 0 or 1 in each row. Default: a column of labels with a common name, or else all columns
   * except that of the files, as classes.
   */
  columns?: readonly string[];
  /**
   * Separates the labels of a cell. Default: the first of `|`, `;` and `,` that occurs in the labels, or else
   * white space.
   */
  separator?: string;
}

/**
 * Reads any number of labels for each image from a CSV or TSV file: a column that lists them (as fastai's
 * `tags`), or a column of 0 and 1, or of −1 and 1, for each class. An image without labels has an empty cell,
 * or 0 everywhere.
 *
 * @throws LabelFileError naming file and line
 */
export async function readLabelSets(path: string, options: LabelSetOptions = {}): Promise<LabelSetList> {
  const table = await readTable(path);
  const first = table[0];
  if (!first) throw new LabelFileError(path, 0, 'is empty: expected a line for each image');
  const { file, labels, header } = columnsOf(path, table, first, options);
  const rows = header ? table.slice(1) : table;
  if (rows.length === 0) throw new LabelFileError(path, 0, 'names no image: it has only a header');
  const names = first.cells;
  const classes = typeof labels === 'number' ? null : labels.map((column) => names[column] ?? '');
  const twice = classes?.find((name, index) => classes.indexOf(name) !== index);
  if (twice !== undefined) throw new LabelFileError(path, first.line, `has the column ${twice} twice`);
  const labelsOf =
    typeof labels === 'number'
      ? listed(rows, labels, options.separator)
      : indicated(path, rows, labels, names);
  return {
    path,
    named: true,
    header,
    columns: classes,
    rows: rows.map((row) => {
      const name = row.cells[file] ?? '';
      if (name === '') throw new LabelFileError(path, row.line, 'has no file name');
      return { line: row.line, file: name, labels: labelsOf(row) };
    }),
  };
}

interface Columns {
  readonly file: number;
  /** The column that lists labels, or one for each class. */
  readonly labels: number | readonly number[];
  /** Whether the first row names the columns. */
  readonly header: boolean;
}

function columnsOf(
  path: string,
  table: readonly TableRow[],
  { line, cells }: TableRow,
  { columns = [] }: LabelSetOptions,
): Columns {
  const names = cells.map((cell) => cell.toLowerCase());
  if (columns.length > 0) {
    const missing = columns.filter((name) => !names.includes(name.toLowerCase()));
    if (missing.length > 0) {
      throw new LabelFileError(path, line, `has no column ${listNames(missing)}; it has ${listNames(cells)}`);
    }
    const [file = 0, ...labels] = columns.map((name) => names.indexOf(name.toLowerCase()));
    return { file, labels: labels.length === 1 ? (labels[0] ?? 0) : labels, header: true };
  }
  const file = names.findIndex((name) => FILE_COLUMNS.test(name));
  const label = names.findIndex((name) => LABEL_COLUMNS.test(name));
  if (file >= 0 && label >= 0) return { file, labels: label, header: true };
  const others = (but: number) => cells.flatMap((_, column) => (column === but ? [] : [column]));
  if (file >= 0 && cells.length > 1) return { file, labels: others(file), header: true };
  if (cells.length === 2) return { file: 0, labels: 1, header: false };
  const classes = others(0);
  const areSet = ({ cells: row }: TableRow) => classes.every((column) => INDICATORS.has(lower(row[column])));
  const below = table.slice(1);
  if (cells.length > 2 && below.length > 0 && (below.every(areSet) || areSigned(below, classes))) {
    return { file: 0, labels: classes, header: true };
  }
  throw new LabelFileError(
    path,
    line,
    `has ${cells.length} ${cells.length === 1 ? 'column' : `columns (${listNames(cells)})`}: name the columns of the file and the labels`,
    'columns',
  );
}

/** Texts that say whether an image is of a class. */
const INDICATORS: ReadonlyMap<string, boolean> = new Map([
  ['0', false],
  ['0.0', false],
  ['false', false],
  ['1', true],
  ['1.0', true],
  ['true', true],
]);

/** Texts of columns that hold −1 instead of 0, such as CelebA's. */
const SIGNED: ReadonlyMap<string, boolean> = new Map([
  ['-1', false],
  ['-1.0', false],
  ['1', true],
  ['1.0', true],
]);

/** Next to a 0, -1 has another meaning, such as "uncertain". */
function areSigned(rows: readonly TableRow[], columns: readonly number[]): boolean {
  return rows.every(({ cells }) => columns.every((column) => SIGNED.has(lower(cells[column]))));
}

/** The labels of a row, by a column for each class. */
function indicated(
  path: string,
  rows: readonly TableRow[],
  columns: readonly number[],
  names: readonly string[],
): (row: TableRow) => string[] {
  const texts = areSigned(rows, columns) ? SIGNED : INDICATORS;
  return (row) =>
    columns.filter((column) => isSet(path, row, column, names, texts)).map((at) => names[at] ?? '');
}

function lower(cell: string | undefined): string {
  return (cell ?? '').toLowerCase();
}

function isSet(
  path: string,
  { line, cells }: TableRow,
  column: number,
  names: readonly string[],
  texts: ReadonlyMap<string, boolean>,
): boolean {
  const set = texts.get(lower(cells[column]));
  if (set !== undefined) return set;
  throw new LabelFileError(
    path,
    line,
    `the column ${names[column]} holds ${JSON.stringify(cells[column] ?? '')}, not 0 or 1`,
    'columns',
  );
}

function listed(
  rows: readonly TableRow[],
  column: number,
  separator: string | undefined,
): (row: TableRow) => string[] {
  const found = ['|', ';', ','].find((each) => rows.some(({ cells }) => cells[column]?.includes(each)));
  const by = separator ?? found ?? /\s+/;
  return ({ cells }) =>
    (cells[column] ?? '')
      .split(by)
      .map((label) => label.trim())
      .filter((label) => label !== '');
}

/** Image files with any number of classes each. */
export class LabelSets extends LabeledFiles {
  /**
   * Lists files that are known already; see {@link openLabelSets} for those of a folder.
   *
   * @param sets the classes of each file, ascending
   */
  constructor(
    root: string,
    classes: readonly string[],
    files: readonly string[],
    private readonly sets: readonly Int32Array[],
  ) {
    super(root, classes, files, new Int32Array(files.length), false);
  }

  /**
   * The classes of an image, in ascending order; none where it has no label.
   *
   * @throws {RangeError} for an image that the set does not have
   */
  labelSet(index: number): Int32Array {
    const set = this.sets[index];
    if (set === undefined) throw this.outOfRange(index);
    return set;
  }

  override digest(): string {
    const hash = createHash('sha256');
    for (const [index, file] of this.files.entries())
      hash.update(`${file}\0${this.labelSet(index).join()}\0`);
    return hash.digest('hex');
  }

  override select(keep: (file: string) => boolean): LabelSets {
    const kept = this.files.flatMap((file, index) => (keep(file) ? [index] : []));
    return new LabelSets(
      this.root,
      this.classes,
      kept.map((index) => this.relativePath(index)),
      kept.map((index) => this.labelSet(index)),
    );
  }
}

/**
 * Finds the images of a list in a folder and below, in the order of their names, as {@link openListed} does
 * for one label per image.
 *
 * @param classes allowed labels; default: the columns of the list, or the labels that occur, in code point
 * order, or in numeric order if all are numbers
 * @throws LabelFileError naming file and line
 * @throws DataError if the folder is missing or has no image
 */
export async function openLabelSets(
  root: string,
  list: LabelSetList,
  classes: readonly string[] = list.columns ?? inOrder(list.rows.flatMap(({ labels }) => labels)),
): Promise<{
  /** The images that the list names, by name. */
  readonly images: LabelSets;
  /** Images of the folder that the list does not name. */
  readonly unlisted: number;
}> {
  const indexOf = new Map(classes.map((name, index) => [name, index]));
  checkColumns(list, classes);
  const { files, rows } = await rowsOfFiles(root, list);
  const kept = files.flatMap((file, index) => {
    const row = rows[index];
    return row ? [{ file, row }] : [];
  });
  const sets = kept.map(({ row }) => {
    const set = new Set<number>();
    for (const label of row.labels) {
      const index = indexOf.get(label);
      if (index === undefined) {
        const reason = `${label} is not one of the ${classes.length} classes`;
        throw new LabelFileError(list.path, row.line, reason);
      }
      set.add(index);
    }
    return Int32Array.from(set).sort();
  });
  const images = new LabelSets(
    root,
    classes,
    kept.map(({ file }) => file),
    sets,
  );
  return { images, unlisted: files.length - kept.length };
}

/** A class without a column would count as absent from every image. */
function checkColumns({ path, columns }: LabelSetList, classes: readonly string[]): void {
  if (!columns) return;
  const missing = classes.filter((name) => !columns.includes(name));
  const more = columns.filter((name) => !classes.includes(name));
  if (missing.length > 0) {
    throw new LabelFileError(path, 1, `has no column ${listNames(missing)}, as the training images have`);
  }
  if (more.length > 0) {
    const which = `${listNames(more)} ${more.length === 1 ? 'is not one' : 'are not'} of the ${classes.length} classes`;
    throw new LabelFileError(path, 1, which, 'columns');
  }
}
