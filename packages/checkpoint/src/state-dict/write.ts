import type { HostTensor, TensorMap } from '@inplace-abn/tensor';
import { CheckpointError } from '../errors.js';
import type { TorchValue } from '../pickle/value.js';
import { writeSafetensors } from '../safetensors/write.js';
import { writeTorch } from '../torch/write.js';
import type { PARALLEL_PREFIX } from './prefixes.js';

export interface WriteStateDictOptions {
  /** Put before every name, as upstream's files have it. */
  readonly prefix?: typeof PARALLEL_PREFIX | '';
  /** What to write beside the dictionary; only files of torch.save can hold it. */
  readonly rest?: ReadonlyMap<string, TorchValue>;
}

/**
 * Writes a state dictionary in the format that the name asks for: `.pth.tar` as {state_dict, …rest} and `.pth` or `.pt`
 * as the dictionary itself (as the former if there is a rest), both readable by torch.load; `.safetensors` with a
 * checksum. Atomic; the arrays must not change until the promise resolves.
 *
 * @throws CheckpointError naming the file or the tensor at fault
 */
export async function writeStateDict(
  path: string,
  tensors: TensorMap,
  { prefix = '', rest = new Map() }: WriteStateDictOptions = {},
): Promise<void> {
  const named = new Map<string, HostTensor>();
  for (const [name, tensor] of tensors) named.set(`${prefix}${name}`, tensor);
  if (path.endsWith('.safetensors')) {
    if (rest.size > 0) {
      throw new CheckpointError(
        `Cannot write ${path}: safetensors hold tensors only, not ${[...rest.keys()].join(', ')}; name it .pth.tar.`,
      );
    }
    return writeSafetensors(path, named, { checksum: true });
  }
  if (!/\.(pth\.tar|pth|pt)$/.test(path)) {
    throw new CheckpointError(
      `Cannot write ${path}: the name must end in .pth.tar, .pth, .pt or .safetensors to tell the format.`,
    );
  }
  const wrapped = path.endsWith('.tar') || rest.size > 0;
  await writeTorch(path, wrapped ? new Map<string, TorchValue>([['state_dict', named], ...rest]) : named);
}
