/** Runs a command line and sets the exit code, the same way for every program. */
import { constants } from 'node:os';
import { hangupIgnored } from './hangup.js';
import { versionOf } from './manifest.js';
import { keptByNpm } from './npm.js';
import { surviveClosedOutput } from './output.js';
import { printableLines } from './printable.js';

const ERROR = 1;
/** Exit code of a usage error. */
const USAGE = 2;

/** A usage error. The message says which argument to add or remove; the exit code is 2. */
export class CommandLineError extends Error {
  /** Name of the class, as stack traces print it. Programs compare `code`, or use `instanceof`. */
  override readonly name: string = 'CommandLineError';
  /** Stable identifier of the problem; the message may change between versions. */
  readonly code = 'ERR_COMMAND_LINE';
}

/**
 * Environment variable that names a program differently from its own name, such as `inplace-abn train`. Child
 * processes inherit it.
 */
export const CALLED_AS = 'IABN_CALLED_AS';

/** The part of commander's Command that is used here. */
export interface ProgramCommand {
  /** Reads or sets the name that the program prints. */
  name(): string;
  /** Reads or sets the name that the program prints. */
  name(name: string): unknown;
  /** Options that the program declares. */
  readonly options: readonly {
    /** Long form with its dashes; undefined if there is none. */
    readonly long?: string | undefined;
    /** One-letter form with its dash; undefined if there is none. */
    readonly short?: string | undefined;
  }[];
  /** Subcommands. */
  readonly commands?: readonly Pick<ProgramCommand, 'exitOverride'>[];
  /** Adds an option that prints the version. */
  version(text: string, flags: string, description: string): unknown;
  /** Makes the command throw instead of ending the process. */
  exitOverride(): unknown;
  /** Parses arguments and runs the command's action. */
  parseAsync(args: readonly string[], options: { readonly from: 'user' }): Promise<unknown>;
}

/** How a program was started; what is left out is that of this process. */
export interface Invocation {
  /** `import.meta.url` of the program. */
  readonly module: string;
  /** Arguments after the program's name. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly err?: (text: string) => void;
}

/**
 * Runs a program whose actions set `process.exitCode` if it is not 0. An error becomes one message and exit
 * code 1, or 2 for a usage error. Output may be closed at any time. Respects a start under `nohup`.
 *
 * @param module `import.meta.url` of the program
 */
export async function runCommand(command: ProgramCommand, module: string): Promise<void> {
  surviveClosedOutput();
  // Node has reset an ignored SIGHUP to its default, which would kill the process.
  if (hangupIgnored()) process.on('SIGHUP', () => {});
  const code = await exitCodeOf(command, { module });
  if (code !== 0) process.exitCode = code;
}

/** Parses a command line and runs its action. Prints errors; resolves to the exit code. */
export async function exitCodeOf(command: ProgramCommand, invocation: Invocation): Promise<number> {
  const { module, args = process.argv.slice(2), env = process.env } = invocation;
  const { err = (text: string) => process.stderr.write(text) } = invocation;
  if (env[CALLED_AS]) command.name(env[CALLED_AS]);
  command.version(`${command.name()} ${versionOf(module)}`, '--version', 'print the version');
  for (const each of [command, ...(command.commands ?? [])]) each.exitOverride();
  try {
    const kept = keptByNpm(command.options, args, env);
    if (kept !== null) throw new CommandLineError(kept);
    await command.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    const ended = endOfCommander(error);
    if (ended !== null) return ended === 0 ? 0 : USAGE;
    err(`error: ${printableLines(error instanceof Error ? error.message : String(error))}\n`);
    if (env.IABN_DEBUG && error instanceof Error) err(`${printableLines(String(error.stack))}\n`);
    return error instanceof CommandLineError ? USAGE : ERROR;
  }
}

/** The exit code of an exit that commander has already explained: requested help or a usage error. */
function endOfCommander(error: unknown): number | null {
  const known = error instanceof Error && 'code' in error && 'exitCode' in error;
  const commanders = known && typeof error.code === 'string' && error.code.startsWith('commander.');
  return commanders && typeof error.exitCode === 'number' ? error.exitCode : null;
}

/** The exit code of a program that shut down cleanly after a signal: 128 plus its number, as in shells. */
export function signalExitCode(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}

/** The command line, quoted so that it can be pasted into a shell. The name may be several words. */
export function commandLine(name: string, args: readonly string[] = process.argv.slice(2)): string {
  return [...name.split(' '), ...args].map(quoted).join(' ');
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
