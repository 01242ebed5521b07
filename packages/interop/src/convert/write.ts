import {
  CheckpointError,
  describedAs,
  type TensorContent,
  type TorchTree,
  torchOfJson,
  writeSafetensors,
  writeTorch,
} from '@inplace-abn/checkpoint';
import type { Conversion } from './convert.js';

/**
 * Writes a converted network in the format that the name asks for, with its architecture, its batch norm and
 * a description: `.pth.tar`, `.pth` or `.pt` as {state_dict, …}, which torch.load reads; `.safetensors` with
 * a checksum. Atomic.
 *
 * @throws CheckpointError naming the file
 */
export async function writeConversion(path: string, { converted, description }: Conversion): Promise<void> {
  checkFormat(path);
  const { arch, bn_mode, ...about } = description;
  const described = Object.entries(describedAs(about));
  if (path.endsWith('.safetensors')) {
    const texts = described.map(([key, value]) => [key, JSON.stringify(value)]);
    const metadata = { arch, bn_mode, ...Object.fromEntries(texts) };
    return writeSafetensors(path, converted.tensors, { metadata, checksum: true });
  }
  const file = new Map<string, TorchTree<TensorContent>>([
    ['arch', arch],
    ['bn_mode', bn_mode],
    ...described.map(([key, value]): [string, TorchTree<TensorContent>] => [key, torchOfJson(value)]),
    ['state_dict', converted.tensors],
  ]);
  await writeTorch(path, file);
}

/** @throws CheckpointError for a name that does not tell the format of a converted file */
export function checkFormat(path: string): void {
  if (/\.(pth\.tar|pth|pt|safetensors)$/.test(path)) return;
  throw new CheckpointError(
    `Cannot write ${path}: the name must end in .pth.tar, .pth, .pt or .safetensors to select the format.`,
  );
}
