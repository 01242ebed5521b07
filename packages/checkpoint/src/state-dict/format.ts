import { CheckpointError } from '../errors.js';
import { type ByteSource, readUpTo } from '../files/source.js';
import type { TorchFormat } from '../torch/container.js';
import { torchFormatOf } from '../torch/file.js';

/** A file format that holds tensors by name. */
export type CheckpointFormat = 'safetensors' | TorchFormat;

const SNIFFED_BYTES = 512;

/**
 * Detects the format of a file from its first bytes.
 *
 * @throws CheckpointError if it is empty or not a checkpoint, saying what it looks like
 */
export async function formatOf(source: ByteSource): Promise<CheckpointFormat> {
  if (source.size === 0) throw new CheckpointError(`${source.path} is empty.`);
  const start = await readUpTo(source, SNIFFED_BYTES, 0);
  const torch = torchFormatOf(start);
  if (torch) return torch;
  // A safetensors file starts with the length of its header, then the brace of its JSON.
  if (start[8] === 0x7b) return 'safetensors';
  throw new CheckpointError(`${source.path} is not a checkpoint: ${looksLike(start)}.`);
}

function looksLike(start: Buffer): string {
  if (start.toString('latin1', 257, 262) === 'ustar') {
    return 'it is a tar archive, as PyTorch before 0.2 wrote them; load it in PyTorch and save it again';
  }
  if (start[0] === 0x1f && start[1] === 0x8b) return 'it is compressed with gzip; unpack it first';
  const text = start.toString('latin1').trimStart();
  if (text.startsWith('version https://git-lfs')) return 'it is a Git LFS pointer; fetch the file itself';
  if (text.startsWith('<')) return 'it is a web page, so the download went wrong';
  if (start[0] === 0x80) return 'it is a pickle, but not from torch.save';
  return 'neither torch.save nor safetensors files begin like this';
}
