// @ts-check
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { StepError } from './steps.mjs';

/** Generations as PyTorch names them, by the compute capabilities of their devices. */
const GENERATIONS = new Map([
  ['turing', ['7.5']],
  ['ampere', ['8.0', '8.6']],
  ['ada', ['8.9']],
  ['hopper', ['9.0']],
  ['blackwell', ['10.0', '12.0']],
]);
const PTX = /\+ptx$/;

/** Code for A100 and H100, and PTX of the latter for later GPUs. */
const DEFAULT_ARCHITECTURES = '80-real;90';

/**
 * CMake's list of architectures for names or numbers, as PyTorch takes them: `Ampere;Hopper`, `8.0 9.0+PTX`.
 * @param {string | undefined} list
 * @returns {string}
 */
export function cudaArchitectures(list) {
  const items = (list ?? '')
    .toLowerCase()
    .split(/[;,\s]+/)
    .filter(Boolean);
  if (items.length === 0) return DEFAULT_ARCHITECTURES;
  const all = items.flatMap((item) => {
    const name = item.replace(PTX, '');
    const capabilities = GENERATIONS.get(name) ?? (/^\d+\.\d$/.test(name) ? [name] : undefined);
    if (!capabilities) {
      throw new StepError(
        `IABN_CUDA_ARCH_LIST: '${item}' is neither a compute capability (8.0, 9.0+PTX) nor one of ${[...GENERATIONS.keys()].join(', ')}`,
      );
    }
    return capabilities.map((each) => {
      return `${each.replace('.', '')}${PTX.test(item) ? '' : '-real'}`;
    });
  });
  return [...new Set(all)].join(';');
}

/**
 * Options for CMake. The CUDA plugin is built if there are both nvcc and a GPU, or with IABN_FORCE_CUDA=1.
 * @param {NodeJS.ProcessEnv} env
 * @param {{ nvcc: boolean, device: boolean }} found
 * @returns {string[]}
 */
export function cudaOptions(env, found) {
  const forced = env.IABN_FORCE_CUDA === '1';
  if (forced && !found.nvcc) {
    throw new StepError(
      'IABN_FORCE_CUDA=1 asks for the CUDA kernels, but nvcc is not found: install the CUDA toolkit and put nvcc on ' +
        'PATH (or name it in CUDACXX), or unset IABN_FORCE_CUDA',
    );
  }
  if (!forced && !(found.nvcc && found.device)) return [];
  return ['--CDIABN_CUDA=ON', `--CDIABN_CUDA_ARCHITECTURES=${cudaArchitectures(env.IABN_CUDA_ARCH_LIST)}`];
}

/** Whether this machine has nvcc and an NVIDIA GPU. */
export function findCuda() {
  const compiler = process.env.CUDACXX || 'nvcc';
  return {
    nvcc: spawnSync(compiler, ['--version']).status === 0,
    device: existsSync('/dev/nvidia0'),
  };
}
