/** Runs a program's work as one of the processes that the environment describes, or alone. */
import { printableLines } from '@inplace-abn/cli';
import { followLauncher, initProcessGroup, type Processes } from '@inplace-abn/comm';
import { UsageError } from '@inplace-abn/core';
import { endWithin, type Peers, peersOf, unlessLost } from '@inplace-abn/train';

/** Milliseconds that an error waits for news of a lost peer that would explain it. */
const EXPLANATION_MS = 5_000;
/** Milliseconds after which a process that has reported its failure ends, whatever keeps it running. */
const LAST_MS = 10_000;

/**
 * Connects to the other processes, runs `body`, and returns when all are done. An error is sent to the
 * others, which then fail with it. If a lost peer caused it, the message names the peer and the reason.
 *
 * @param identity values that must be equal on all processes, by name
 * @param localRank of this process, if the environment does not set it
 * @throws CommError if the processes do not meet. Alone, what `body` throws; with other processes, an Error
 * whose message begins with the rank and whose `cause` is that error
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

/** The error with the rank where it was thrown. */
async function explain(error: unknown, { world }: Processes): Promise<Error> {
  const own = error instanceof Error ? error : new Error(String(error));
  const reason = isOfPeers(own) ? await lossWithin(world, EXPLANATION_MS) : null;
  const name = `rank ${world.rank}`;
  const message = own.message.startsWith(name) ? own.message : `${name}: ${own.message}`;
  if (reason === null || message.includes(reason)) return new Error(message, { cause: error });
  return new Error(`${message}; ${reason}`, { cause: error });
}

/** Whether a collective failed, possibly because of a peer. A mistake in a call is this process's own. */
function isOfPeers(error: Error): boolean {
  return !(error instanceof UsageError) && /\b(all_reduce|all_gather|broadcast|barrier)/.test(error.message);
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
