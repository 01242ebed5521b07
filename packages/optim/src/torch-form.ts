/** How a torch.optim class saves its state. */
export interface TorchForm {
  /** Class name in torch.optim or timm.optim. */
  readonly type: string;
  /** Tensors that it may keep per parameter. */
  readonly slots: readonly string[];
  /** Where it keeps `step`, its update count. true: per parameter; 'group': per group; false: nowhere. */
  readonly counted: boolean | 'group';
  /** The options that torch.optim expects in a group (PyTorch 1.13; later versions fill in the rest). */
  readonly defaults: Readonly<Record<string, number | boolean | null | readonly number[]>>;
  /**
   * An option that only its groups have, among classes with other slots. It identifies the class, which files
   * do not name.
   */
  readonly mark: string;
}

/** Defaults shared by all classes. */
export const COMMON = { lr: 0.001, weight_decay: 0, maximize: false, foreach: null, differentiable: false };
