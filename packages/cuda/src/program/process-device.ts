/** The device of one of several processes, and the options that say it. */
import { CommandLineError } from '@inplace-abn/cli';
import { InvalidArgumentError, Option } from 'commander';
import { chooseDevice, type DeviceChoice, isDeviceName } from './choose.js';

export interface ProcessDevice {
  /** As {@link chooseDevice} takes it. */
  readonly device?: string;
  /** Backend of collectives on GPUs; default: NCCL where it is found. CPUs always use Gloo. */
  readonly distBackend?: 'gloo' | 'nccl';
}

/** `--device`. */
export function deviceOption(): Option {
  const about = 'cpu, cuda or cuda:INDEX; CUDA is experimental (default: cpu)';
  return new Option('--device <name>', about).argParser((name) => {
    if (isDeviceName(name)) return name;
    throw new InvalidArgumentError('Expected cpu, cuda or cuda:INDEX.');
  });
}

/** @throws {CommandLineError} where NCCL is asked for without a GPU */
export function checkProcessDevice({ device = 'cpu', distBackend }: ProcessDevice): void {
  if (distBackend !== 'nccl' || device !== 'cpu') return;
  throw new CommandLineError(
    '--dist-backend nccl needs a GPU for each process: add --device cuda, or choose gloo, or none',
  );
}

/** The device of the process that is `localRank` among those of its machine. */
export function chooseProcessDevice(
  { device, distBackend }: ProcessDevice,
  localRank: number | undefined,
): DeviceChoice {
  return chooseDevice(device, localRank, distBackend && { nccl: distBackend === 'nccl' });
}
