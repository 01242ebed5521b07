/** What a pickle may ask for. Real checkpoints stay far below; a hostile file must not take time or memory. */
export interface PickleLimits {
  /** Length of the pickle itself, without the storages. */
  readonly bytes: number;
  /**
   * Instructions, and items copied by calls; also bounds the memo and the stack, which grow by one an instruction. A
   * dictionary counts {@link DICT_OPERATIONS} more, because an empty one takes as much memory as many numbers.
   * DenseNet-201 with the state of Adam takes 142,000.
   */
  readonly operations: number;
  /** Containers inside each other. */
  readonly depth: number;
  /** Length of one text, in bytes. */
  readonly textBytes: number;
  /** Values of the result written out as a tree, so with shared parts counted each time they occur. */
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
