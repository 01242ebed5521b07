/** How a class of torch.optim saves its state: what its checkpoints are read and written by. */
export interface TorchForm {
  /** Name of the class in torch.optim. */
  readonly type: string;
  /** Tensors that it may keep for each parameter. */
  readonly slots: readonly string[];
  /** Whether it keeps `step`, its count of updates, for each parameter. */
  readonly counted: boolean;
  /** The options of a group that torch.optim expects to find (PyTorch 1.13; later ones fill in the rest). */
  readonly defaults: Readonly<Record<string, number | boolean | null | readonly number[]>>;
  /** An option of its groups that classes with other slots do not have: files do not name the class. */
  readonly mark: string;
}

/** Defaults of every class. */
export const COMMON = { lr: 0.001, weight_decay: 0, maximize: false, foreach: null, differentiable: false };
