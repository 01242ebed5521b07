/** The device of one of several processes. */
import { UsageError } from '@inplace-abn/core';
import { chooseDevice, type DeviceChoice } from './choose.js';

export interface ProcessDevice {
  /** As {@link chooseDevice} takes it. */
  readonly device?: string;
  /** Backend of collectives on GPUs; default: NCCL where it is found. CPUs always use Gloo. */
  readonly distBackend?: 'gloo' | 'nccl';
}

/**
 * The device of the process that is `localRank` among those of its machine.
 *
 * @throws {UsageError} where NCCL is asked for without a GPU
 */
export function chooseProcessDevice(
  { device: name, distBackend }: ProcessDevice,
  localRank: number | undefined,
): DeviceChoice {
  const choice = chooseDevice(name, localRank, distBackend && { nccl: distBackend === 'nccl' });
  if (distBackend === 'nccl' && choice.device.name === 'cpu') {
    throw new UsageError(
      'the backend nccl needs a GPU for each process: name the device cuda, or choose gloo, or none',
    );
  }
  return choice;
}
