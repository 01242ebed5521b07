/** Options for processes that several programs share. */
import { Option } from 'commander';
import { nonNegative } from './numbers.js';

/** The option that gives the rank of a process on its machine. */
export function localRankOption(): Option {
  return new Option(
    '--local_rank, --local-rank <n>',
    'rank among the processes of this machine, if the environment does not set it (torch.distributed.launch passes this)',
  ).argParser(nonNegative);
}

/** The option that selects Gloo or NCCL. */
export function distBackendOption(): Option {
  return new Option(
    '--dist-backend <name>',
    'all-reduce backend on GPUs (default: nccl if found, else gloo); CPUs always use gloo',
  ).choices(['gloo', 'nccl']);
}
