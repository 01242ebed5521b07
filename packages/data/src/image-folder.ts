import { resolve } from 'node:path';
import { DataError, FlatFolderError } from './errors.js';
import {
  addCounts,
  COMPRESSED_NAME,
  compareCodePoints,
  describeOthers,
  filesBelow,
  foldersIn,
  IMAGE_FORMATS,
  IMAGE_NAME,
  listFolder,
  listNames,
} from './folders.js';
import { LabeledFiles, type LabeledImages } from './labeled-files.js';

/** Options of {@link ImageFolder.open}. */
export interface ImageFolderOptions {
  /**
   * Names of the classes in the order of the labels, such as those of a list of training images; used if the
   * folder has exactly these. Default: by code point.
   */
  order?: readonly string[];
  /** Path of a folder to leave out, such as that of cached images. Default: none. */
  except?: string;
}

/**
 * A data set laid out as `DIR/CLASS/…/NAME.jpg` or another image format, with files in the order of
 * torchvision's ImageFolder, and of more formats than it reads. Classes are the folders in DIR, sorted by
 * code point; images are found at any depth below their class. Hidden files and archive leftovers
 * (`__MACOSX`) are skipped. Names need not be UTF-8 (see systemPath).
 */
export class ImageFolder extends LabeledFiles {
  private constructor(
    root: string,
    classes: readonly string[],
    files: readonly string[],
    labels: Int32Array,
    /** Image files left out because their formats are not supported, by extension. */
    readonly leftOut: ReadonlyMap<string, number>,
  ) {
    super(root, classes, files, labels, true);
  }

  /**
   * Scans a folder.
   * @throws FlatFolderError if the folder has images and no class folders
   * @throws DataError if the folder is missing, has no class folders, or a class has no images
   */
  static async open(root: string, { order = [], except }: ImageFolderOptions = {}): Promise<ImageFolder> {
    const folders = await foldersIn(root, 'data folder');
    const isClass = (name: string) => except === undefined || resolve(root, name) !== resolve(except);
    const found = folders.filter(isClass);
    if (found.length === 0) throw await noClassFolder(root);
    const known = new Set(order);
    const same = found.length === known.size && found.every((name) => known.has(name));
    const classes = same ? [...known] : found;
    const files: string[] = [];
    const labels: number[] = [];
    const empty: string[] = [];
    const [others, leftOut] = [new Map<string, number>(), new Map<string, number>()];
    for (const [label, name] of classes.entries()) {
      const images = await filesBelow(root, name, IMAGE_NAME, 'class folder');
      for (const file of images.files) {
        files.push(file);
        labels.push(label);
      }
      addCounts(leftOut, images.others);
      if (images.files.length > 0) continue;
      empty.push(name);
      addCounts(others, images.others);
    }
    if (empty.length > 0) {
      const which = empty.length === 1 ? `Class ${empty[0]} has` : `Classes ${listNames(empty)} have`;
      throw new DataError(
        `${which} no image in ${root}: add ${IMAGE_FORMATS} files or remove the empty class folder.${describeOthers(others)}`,
      );
    }
    return new ImageFolder(root, classes, files, Int32Array.from(labels), leftOut);
  }
}

async function noClassFolder(root: string): Promise<DataError> {
  const entries = await listFolder(root, 'data folder');
  const images = entries.filter(({ name, kind }) => kind === 'file' && IMAGE_NAME.test(name)).length;
  if (images > 0) return new FlatFolderError(root, images);
  const archives = entries.map(({ name }) => name).filter((name) => COMPRESSED_NAME.test(name));
  if (archives.length > 0) {
    const which = archives.length === 1 ? 'a compressed archive' : `${archives.length} compressed archives`;
    return new DataError(
      `No class folder in ${root}, which has ${which} (${listNames(archives.sort(compareCodePoints))}): ` +
        'decompress tar shards to .tar files, or unpack an archive of class folders.',
    );
  }
  return new DataError(
    `No class folder in ${root}: expected one folder per class, each with ${IMAGE_FORMATS} files inside.`,
  );
}

/** @throws DataError naming the difference, unless both folders have the same classes */
export function assertSameClasses(train: LabeledImages, val: LabeledImages): void {
  const onlyTrain = train.classes.filter((name) => !val.classes.includes(name));
  const onlyVal = val.classes.filter((name) => !train.classes.includes(name));
  if (onlyTrain.length === 0 && onlyVal.length === 0) return;
  const differences = [
    onlyTrain.length > 0 ? `only in ${train.root}: ${listNames(onlyTrain)}` : '',
    onlyVal.length > 0 ? `only in ${val.root}: ${listNames(onlyVal)}` : '',
  ].filter((text) => text !== '');
  throw new DataError(
    `Training and validation classes differ; ${differences.join('; ')}. Both folders need the same class folders.`,
  );
}
