import { ABN, type AnyModule, InPlaceABN } from '@inplace-abn/nn';

/** The kinds of batch norm that a network, or the weights of a file, can have. */
export const NORM_MODES = ['standard', 'inplace', 'sync'] as const;

/**
 * `standard` scales by γ; `inplace` and `sync`, which synchronizes the statistics of processes, by |γ| + ε.
 */
export type NormMode = (typeof NORM_MODES)[number];

/**
 * The batch norm that a file says its weights were trained with: `bn_mode` in files for PyTorch, `bnMode` in
 * training states.
 */
export function recordedNorms(value: (key: string) => unknown): NormMode | undefined {
  const mode = value('bnMode') ?? value('bn_mode');
  return NORM_MODES.find((known) => known === mode);
}

/** The batch norm of a network's layers; undefined where it has none, or layers of both kinds. */
export function normsOf(network: AnyModule): 'standard' | 'inplace' | undefined {
  const layers = [...network.modules()].map(([, module]) => module).filter((module) => module instanceof ABN);
  const inPlace = layers.filter((module) => module instanceof InPlaceABN).length;
  if (layers.length === 0 || (inPlace > 0 && inPlace < layers.length)) return undefined;
  return inPlace > 0 ? 'inplace' : 'standard';
}
