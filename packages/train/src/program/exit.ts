import type { Command } from 'commander';

/** Exit code of a command line that cannot be understood. */
const USAGE = 2;

/** Exit codes of shells for a program ended by a signal: 128 + its number. */
const SIGNAL_CODES: Partial<Record<NodeJS.Signals, number>> = { SIGINT: 130, SIGTERM: 143 };

/** Parses the command line and runs the program it asks for. */
export async function runCommand(command: Command): Promise<void> {
  // By then commander has printed the help that was asked for, or what is wrong.
  command.exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : USAGE));
  await command.parseAsync();
}

/** Runs a program: an error becomes one message and exit code 1; its stack with IABN_DEBUG. */
export async function runProgram(main: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await main();
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    process.stderr.write(`error: ${text}\n`);
    if (process.env.IABN_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    process.exitCode = 1;
  }
}

/** The exit code of a program that finished cleanly after a signal. */
export function signalExitCode(signal: NodeJS.Signals): number {
  return SIGNAL_CODES[signal] ?? 1;
}
