/** The form in which a torch.optim class saves its state, to read and write its checkpoints. */
export interface TorchForm {
  /** Class name in torch.optim. */
  readonly type: string;
  /** Tensors that it may keep per parameter. */
  readonly slots: readonly string[];
  /** Whether it keeps `step`, its update count, per parameter. */
  readonly counted: boolean;
  /** The options that torch.optim expects in a group (PyTorch 1.13; later versions fill in the rest). */
  readonly defaults: Readonly<Record<string, number | boolean | null | readonly number[]>>;
  /**
   * An option that distinguishes its groups from those of classes with other slots: files do not name the
   * class.
   */
  readonly mark: string;
}

/** Defaults shared by all classes. */
export const COMMON = { lr: 0.001, weight_decay: 0, maximize: false, foreach: null, differentiable: false };
