/** A program's work as one of the processes that the environment names, or alone. */
import { printableLines } from '@inplace-abn/cli';
import { followLauncher, initProcessGroup, type Processes } from '@inplace-abn/comm';
import { endWithin, type Peers, peersOf, unlessLost } from '@inplace-abn/train';

/** How long an error waits for the word about a lost peer that explains it. */
const EXPLANATION_MS = 5_000;
/** A process that has failed and told so ends, whatever still keeps it. */
const LAST_MS = 10_000;

/**
 * Meets the other processes, runs `body`, and leaves when all have done theirs. An error is sent to the
 * others, which end with it; where it comes of a lost peer it says which, and why.
 *
 * @param identity what must be the same on all processes, by what it is called
 * @param localRank of this process, where the environment does not say it
 * @throws what `body` throws, or CommError
 */
export async function together<T>(
  identity: Readonly<Record<string, string>>,
  body: (peers: Peers, processes: Processes | null) => Promise<T>,
  localRank?: number,
): Promise<T> {
  followLauncher();
  const processes = await initProcessGroup({ identity, localRank, note });
  if (!processes) return body(peersOf(null), null);
  try {
    const peers = peersOf(processes);
    const result = await unlessLost(body(peers, processes), peers);
    await processes.close();
    return result;
  } catch (error) {
    const explained = await explain(error, processes);
    process.exitCode = 1;
    endWithin(LAST_MS);
    await processes.fail(explained.message);
    throw explained;
  }
}

function note(line: string): void {
  process.stderr.write(`rank 0: ${printableLines(line)}\n`);
}

/** The error with the rank that it comes of. */
async function explain(error: unknown, { world }: Processes): Promise<Error> {
  const own = error instanceof Error ? error : new Error(String(error));
  const reason = isOfPeers(own) ? await lossWithin(world, EXPLANATION_MS) : null;
  const name = `rank ${world.rank}`;
  const message = own.message.startsWith(name) ? own.message : `${name}: ${own.message}`;
  if (reason === null || message.includes(reason)) return new Error(message, { cause: error });
  return new Error(`${message}; ${reason}`, { cause: error });
}

/** Whether it was a collective that failed: then some peer may be why. */
function isOfPeers({ message }: Error): boolean {
  return /\b(all_reduce|all_gather|broadcast|barrier)/.test(message);
}

function lossWithin(world: Processes['world'], ms: number): Promise<string | null> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(null), ms);
    world.onLost(({ reason }) => {
      clearTimeout(timer);
      resolve(reason);
    });
  });
}
