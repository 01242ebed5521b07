/** Options about processes that several programs have. */
import { Option } from 'commander';
import { nonNegative } from './numbers.js';

/** The option that gives the rank of a process on its machine. */
export function localRankOption(): Option {
  return new Option(
    '--local_rank, --local-rank <n>',
    'place among the processes of this machine, where the environment does not say it (torch.distributed.launch passes it)',
  ).argParser(nonNegative);
}

/** The option that selects Gloo or NCCL. */
export function distBackendOption(): Option {
  return new Option(
    '--dist-backend <name>',
    'how processes sum on GPUs (default: nccl where it is found, else gloo; on CPUs always gloo)',
  ).choices(['gloo', 'nccl']);
}
