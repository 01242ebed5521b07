import { elementCount, type HostTensor, type TensorMap } from '@inplace-abn/tensor';
import type { ByteSource } from '../files/source.js';
import { detachedSource, openSource } from '../files/source.js';
import { torchOfJson } from '../pickle/json.js';
import type { TensorRef } from '../pickle/objects.js';
import { mapTensors, type TorchTree, type TorchValue, tensorsIn } from '../pickle/value.js';
import { loadRunState, RUN_STATE_KIND, type RunMeta, runStateOf } from '../run-state/state.js';
import { SafetensorsFile } from '../safetensors/read.js';
import { INDEX_END, openShards } from '../safetensors/shards.js';
import { readContent, type TensorContent, type TensorStream } from '../tensor-stream.js';
import { TorchFile, type TorchReadOptions } from '../torch/file.js';
import { type CheckpointFormat, formatOf } from './format.js';
import { type SplitCheckpoint, splitCheckpoint } from './split.js';

/** Result of {@link readStateDict}. */
export interface LoadedStateDict {
  /** Format, detected from the content and not from the name. */
  readonly format: CheckpointFormat;
  /** Tensors by name, without wrapper prefixes. */
  readonly tensors: TensorMap;
  /** The prefixes that were removed: `module.`, `_orig_mod.`, `model.`, or `module. (3 of 4 names)`. */
  readonly prefixes: readonly string[];
  /** Values of the file outside the state dictionary. */
  readonly rest: ReadonlyMap<string, TorchValue>;
}

/** Options of opening a state dictionary without reading its tensors. */
export interface OpenStateDictOptions extends TorchReadOptions {
  /**
   * Location of the dictionary if it is not under `state_dict`: a key such as `state_dict_ema`, several
   * joined by dots, or a prefix of its names.
   */
  readonly key?: string;
}

/** Options of reading a state dictionary. */
export interface ReadStateDictOptions extends OpenStateDictOptions {
  /** Do not load tensors outside the state dictionary, such as momentum: they are null in `rest`. */
  readonly weightsOnly?: boolean;
}

/**
 * Reads the state dictionary of a checkpoint: a file of torch.save (the dictionary itself or one that has it
 * as `state_dict`; nested dictionaries are joined by dots), a safetensors file, including training states
 * of this project, or the index of several (a name ending in `.index.json`). Otherwise the content determines
 * the format, not the name. Reads everything or throws.
 *
 * @throws CheckpointError if the file is missing, a folder, empty, damaged, or not a checkpoint
 */
export async function readStateDict(
  path: string,
  options: ReadStateDictOptions = {},
): Promise<LoadedStateDict> {
  if (path.endsWith(INDEX_END)) return readIndex(path, options);
  const source = await openSource(path);
  try {
    const format = await formatOf(source);
    const read = format === 'safetensors' ? readSafetensorsDict : readTorchDict;
    return { format, ...(await read(source, options)) };
  } finally {
    await source.close();
  }
}

/** A state dictionary whose tensors are read on demand. */
export interface OpenStateDict {
  /** Format, detected from the content and not from the name. */
  readonly format: CheckpointFormat;
  /** By name, without wrapper prefixes; each reads its bytes from the file on demand. */
  readonly tensors: ReadonlyMap<string, TensorStream>;
  /** Prefixes that wrappers added to the names, as in {@link LoadedStateDict}. */
  readonly prefixes: readonly string[];
  /** The rest of the file; tensors with one element are on the host. */
  readonly rest: ReadonlyMap<string, TorchTree<TensorContent>>;
}

/**
 * Like {@link readStateDict}, but with tensors as streams. Training states of this project are verified
 * against their checksum up front; storages of zip files are verified when read.
 *
 * @throws CheckpointError as readStateDict does
 */
export async function openStateDict(
  path: string,
  options: OpenStateDictOptions = {},
): Promise<OpenStateDict> {
  if (path.endsWith(INDEX_END)) return openIndex(path, options);
  const source = await detachedSource(path);
  const format = await formatOf(source);
  const open = format === 'safetensors' ? openSafetensorsDict : openTorchDict;
  return { format, ...(await open(source, options)) };
}

async function openIndex(path: string, { key }: OpenStateDictOptions): Promise<OpenStateDict> {
  return { format: 'safetensors', ...splitCheckpoint(path, await openShards(path), key) };
}

async function readIndex(path: string, options: ReadStateDictOptions): Promise<LoadedStateDict> {
  const { tensors, prefixes } = await openIndex(path, options);
  const read = new Map<string, HostTensor>();
  for (const [name, tensor] of tensors) read.set(name, await readContent(name, tensor));
  return { format: 'safetensors', tensors: read, prefixes, rest: new Map() };
}

type OpenSplit = Omit<OpenStateDict, 'format'>;

async function openTorchDict(source: ByteSource, options: OpenStateDictOptions): Promise<OpenSplit> {
  const file = await TorchFile.over(source, options);
  const { tensors: refs, prefixes, rest } = splitCheckpoint(source.path, file.value, options.key);
  const small = [...tensorsIn<TensorRef>([...rest.values()])].filter(
    ({ shape }) => elementCount(shape) === 1,
  );
  const read = await file.readTensors(small);
  const contentOf = (ref: TensorRef): TensorContent => read.get(ref) ?? file.stream(ref);
  const tensors = new Map([...refs].map(([name, ref]) => [name, file.stream(ref)]));
  const others = [...rest].map(
    ([key, value]) => [key, mapTensors<TensorRef, TensorContent>(value, contentOf)] as const,
  );
  return { tensors, prefixes, rest: new Map(others) };
}

async function openSafetensorsDict(source: ByteSource, { key }: OpenStateDictOptions): Promise<OpenSplit> {
  const file = await SafetensorsFile.over(source);
  if (file.metadata.kind !== RUN_STATE_KIND) {
    const { tensors, prefixes } = splitCheckpoint<TensorStream>(source.path, file.streams(), key);
    return { tensors, prefixes, rest: new Map<string, TorchValue>(Object.entries(file.metadata)) };
  }
  const { meta, model, optimizer } = runStateOf(source.path, file.metadata, file.streams());
  await file.verify();
  return { tensors: model, prefixes: [], rest: restOf(meta).set('optimizer', optimizer) };
}

function restOf(meta: RunMeta): Map<string, TorchTree<TensorContent>> {
  return new Map(Object.entries(meta).map(([key, value]) => [key, torchOfJson(value)]));
}

async function readTorchDict(
  source: ByteSource,
  options: ReadStateDictOptions,
): Promise<SplitCheckpoint<HostTensor>> {
  const file = await TorchFile.over(source, options);
  const { tensors: refs, prefixes, rest } = splitCheckpoint(source.path, file.value, options.key);
  const wanted = tensorsIn<TensorRef>(options.weightsOnly ? refs : [refs, rest]);
  const read = await file.readTensors(wanted);
  const tensors = new Map<string, HostTensor>();
  for (const [name, ref] of refs) {
    const tensor = read.get(ref);
    if (tensor) tensors.set(name, tensor);
  }
  const resolve = (value: TorchTree<TensorRef>): TorchValue =>
    mapTensors<TensorRef, HostTensor>(value, (ref) => (options.weightsOnly ? null : (read.get(ref) ?? null)));
  return { tensors, prefixes, rest: new Map([...rest].map(([key, value]) => [key, resolve(value)])) };
}

async function readSafetensorsDict(
  source: ByteSource,
  { weightsOnly, key }: ReadStateDictOptions,
): Promise<SplitCheckpoint<HostTensor>> {
  const file = await SafetensorsFile.over(source);
  if (file.metadata.kind === RUN_STATE_KIND) {
    const { meta, model, optimizer } = await loadRunState(source.path);
    const rest = new Map<string, TorchValue>();
    for (const [key, value] of Object.entries(meta)) rest.set(key, torchOfJson(value));
    return { tensors: model, prefixes: [], rest: rest.set('optimizer', weightsOnly ? null : optimizer) };
  }
  const { tensors, prefixes } = splitCheckpoint<HostTensor>(source.path, await file.readAll(), key);
  return { tensors, prefixes, rest: new Map<string, TorchValue>(Object.entries(file.metadata)) };
}
