/** The keys of a configuration in errors that its values decide. */
import { UsageError } from '@inplace-abn/core';
import { ImageError, UnreadableLimitError } from '@inplace-abn/data';

/** Runs `body`; where images that cannot be read end it, the error names the keys of the configuration about them. */
export async function namingKeys<T>(body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (error instanceof ImageError) {
      const advice =
        error.code === 'unknown-class'
          ? 'Set network.classes to the number of classes, or segmentation.ignore_index to the id of pixels that do not count'
          : 'Repair or remove it, or set "unreadable": "skip" in the section input';
      throw new UsageError(`${error.message} ${advice}`, { cause: error });
    }
    if (error instanceof UnreadableLimitError) {
      throw new UsageError(error.message.replace(/\.$/, ' (input.unreadable_limit).'), { cause: error });
    }
    throw error;
  }
}
