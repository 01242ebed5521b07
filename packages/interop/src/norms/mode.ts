/** The kinds of batch norm that a network, or the weights of a file, can have. */
export const NORM_MODES = ['standard', 'inplace', 'sync'] as const;

/** `standard` scales by γ; `inplace` and `sync`, which synchronizes the statistics of processes, by |γ| + ε. */
export type NormMode = (typeof NORM_MODES)[number];
