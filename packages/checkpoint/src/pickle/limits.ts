/**
 * Resource limits for a pickle. Real checkpoints stay far below them; they protect time and memory from
 * hostile files.
 */
export interface PickleLimits {
  /** Bytes of the pickle itself, without the storages. */
  readonly bytes: number;
  /**
   * Instructions, plus items copied by calls. Also bounds the memo and the stack, which grow by one per
   * instruction. A dictionary counts {@link DICT_OPERATIONS} extra, because an empty one takes as much memory
   * as many numbers. DenseNet-201 with Adam state takes 142,000.
   */
  readonly operations: number;
  /** Nesting depth of containers. */
  readonly depth: number;
  /** Bytes of one string. */
  readonly textBytes: number;
  /** Values of the result as a tree, so shared parts count each time they occur. */
  readonly values: number;
}

export const DICT_OPERATIONS = 10;

export const PICKLE_LIMITS: PickleLimits = {
  bytes: 64 * 2 ** 20,
  operations: 1_000_000,
  depth: 64,
  textBytes: 16 * 2 ** 20,
  values: 1_000_000,
};
