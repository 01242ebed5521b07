/** The device of each process, and the command-line options that choose it. */
import { CommandLineError } from '@inplace-abn/cli';
import { InvalidArgumentError, Option } from 'commander';
import { chooseDevice, type DeviceChoice, isDeviceName } from './choose.js';

/** The settings from which a process chooses its device. */
export interface ProcessDevice {
  /** Name of the device, as in {@link chooseDevice}. */
  readonly device?: string;
  /** Backend of collectives on GPUs; default NCCL if found. CPUs always use Gloo. */
  readonly distBackend?: 'gloo' | 'nccl';
}

/** The `--device` option. */
export function deviceOption(): Option {
  const about = 'cpu, cuda or cuda:INDEX; CUDA is experimental (default: cpu)';
  return new Option('--device <name>', about).argParser((name) => {
    if (isDeviceName(name)) return name;
    throw new InvalidArgumentError('Expected cpu, cuda or cuda:INDEX.');
  });
}

/** @throws {CommandLineError} if NCCL is requested without a GPU */
export function checkProcessDevice({ device = 'cpu', distBackend }: ProcessDevice): void {
  if (distBackend !== 'nccl' || device !== 'cpu') return;
  throw new CommandLineError(
    '--dist-backend nccl needs a GPU for each process: add --device cuda, or choose gloo, or none',
  );
}

/** The device of the process with the given local rank. */
export function chooseProcessDevice(
  { device, distBackend }: ProcessDevice,
  localRank: number | undefined,
): DeviceChoice {
  return chooseDevice(device, localRank, distBackend && { nccl: distBackend === 'nccl' });
}
