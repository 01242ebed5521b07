/** Adds the keys of a configuration to errors about images. */
import { UsageError } from '@inplace-abn/core';
import { ImageError, type ImageErrorCode, UnreadableLimitError } from '@inplace-abn/data';

/**
 * Runs `body`. If an image that cannot be used ends it, the error names the configuration keys that help, and
 * keeps the image's code.
 *
 * @throws UsageError in place of ImageError and UnreadableLimitError; other errors unchanged
 */
export async function namingKeys<T>(body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (error instanceof ImageError) {
      throw new UsageError(`${error.message} ${adviceOn(error.code)}`, { code: error.code, cause: error });
    }
    if (error instanceof UnreadableLimitError) {
      throw new UsageError(error.message.replace(/\.$/, ' (input.unreadable_limit).'), { cause: error });
    }
    throw error;
  }
}

function adviceOn(code: ImageErrorCode): string {
  if (code === 'unknown-color') return 'Add it to the file that data.palette names';
  if (code === 'colored-labels') return 'Name the colors of the classes with data.palette';
  if (code === 'unknown-class') {
    return (
      'Set network.classes to the number of classes, segmentation.ignore_index to the id of pixels that do not count, ' +
      'or data.label_map to the class of each id'
    );
  }
  if (code === 'too-large') return 'Or set "unreadable": "skip" in the section input';
  return 'Repair or remove it, or set "unreadable": "skip" in the section input';
}
