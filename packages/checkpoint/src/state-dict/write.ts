import type { HostTensor, TensorMap } from '@inplace-abn/tensor';
import { CheckpointError } from '../errors.js';
import type { TorchValue } from '../pickle/value.js';
import { writeSafetensors } from '../safetensors/write.js';
import { writeTorch } from '../torch/write.js';
import type { PARALLEL_PREFIX } from './prefixes.js';

/** Options of writing a state dictionary. */
export interface WriteStateDictOptions {
  /** Prepended to every name, as in upstream's files. */
  readonly prefix?: typeof PARALLEL_PREFIX | '';
  /** Other values to write with the dictionary; only files of torch.save can hold them. */
  readonly rest?: ReadonlyMap<string, TorchValue>;
}

/**
 * Writes a state dictionary in the format given by the file name: `.pth.tar` as {state_dict, …rest}; `.pth`
 * and `.pt` as the bare dictionary, or like `.pth.tar` if there is a rest, all readable by torch.load;
 * `.safetensors` with a checksum. Atomic. The arrays must not change until the promise resolves.
 *
 * @throws CheckpointError naming the file or the tensor
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
      `Cannot write ${path}: the name must end in .pth.tar, .pth, .pt or .safetensors to select the format.`,
    );
  }
  const wrapped = path.endsWith('.tar') || rest.size > 0;
  await writeTorch(path, wrapped ? new Map<string, TorchValue>([['state_dict', named], ...rest]) : named);
}
