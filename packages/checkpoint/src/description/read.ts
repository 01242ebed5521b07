import { stat } from 'node:fs/promises';
import { openSource } from '../files/source.js';
import { jsonOfTorch } from '../pickle/json.js';
import { isDict } from '../pickle/value.js';
import { latestRunMeta } from '../run-state/resume.js';
import { RUN_STATE_KIND, readRunMeta } from '../run-state/state.js';
import { SafetensorsFile } from '../safetensors/read.js';
import { INDEX_END } from '../safetensors/shards.js';
import { formatOf } from '../state-dict/format.js';
import { TorchFile } from '../torch/file.js';
import { descriptionIn, type ModelDescription } from './description.js';

/**
 * Reads the description of a model without its tensors, from a training state, a file of torch.save, a
 * safetensors file (whose metadata values are strings of JSON) or the newest state in a folder. An index of
 * several safetensors files has no description.
 *
 * @throws CheckpointError if the file is missing or not a checkpoint
 */
export async function readDescription(path: string): Promise<ModelDescription> {
  if ((await stat(path).catch(() => null))?.isDirectory()) {
    const meta = await latestRunMeta(path);
    return descriptionIn((key) => meta?.[key]);
  }
  // An index has no place for a description.
  if (path.endsWith(INDEX_END)) return {};
  const source = await openSource(path);
  const format = await formatOf(source).finally(() => source.close());
  return format === 'safetensors' ? ofSafetensors(path) : ofTorch(path);
}

async function ofSafetensors(path: string): Promise<ModelDescription> {
  const file = await SafetensorsFile.open(path);
  const { metadata } = file;
  await file.close();
  if (metadata.kind === RUN_STATE_KIND) {
    const meta = await readRunMeta(path);
    return descriptionIn((key) => meta[key]);
  }
  return descriptionIn((key) => parsed(metadata[key]));
}

/** The value of a JSON text; undefined for other text, which other programs store under these names. */
function parsed(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function ofTorch(path: string): Promise<ModelDescription> {
  const file = await TorchFile.open(path);
  try {
    const { value } = file;
    return isDict(value) ? descriptionIn((key) => jsonOfTorch(value.get(key))) : {};
  } finally {
    await file.close();
  }
}
