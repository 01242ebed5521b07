import { Command, CommanderError } from 'commander';
import { formatInspection } from '../inspect/format.js';
import { inspectCheckpoint } from '../inspect/inspect.js';

/** Where a program writes. */
export interface Streams {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Whether headings may be set in bold. */
  readonly colours: boolean;
  /** Whether an error comes with its stack. */
  readonly debug: boolean;
}

/** Exit codes: an error, and a command line that cannot be understood. */
const ERROR = 1;
const USAGE = 2;

/**
 * Runs the program `inspect`.
 *
 * @param args what stands after its name on the command line
 * @returns the exit code
 */
export async function runInspect(args: readonly string[], streams: Streams): Promise<number> {
  const { out, err, colours, debug } = streams;
  const command = new Command('inspect')
    .description('List what a checkpoint holds: names, shapes, dtypes, and which published model it is.')
    .argument('<file>', '.pth.tar, .pth or .pt in either container of PyTorch, or .safetensors')
    .option(
      '--json',
      'print one JSON object: format, bytes, md5, published, prefixes, tensors, elements, rest',
    )
    .addHelpText(
      'after',
      `
Nothing in the file is run, and its tensors are not loaded. Exit codes: 0 done, 1 error, 2 usage.
Environment: NO_COLOR plain output, IABN_DEBUG the stack of an error.`,
    )
    .exitOverride()
    .configureOutput({ writeOut: out, writeErr: err })
    .action(async (path: string, options: { readonly json?: boolean }) => {
      const inspection = await inspectCheckpoint(path);
      const bold = (text: string): string => (colours ? `\u001b[1m${text}\u001b[22m` : text);
      out(`${options.json ? JSON.stringify(inspection, null, 2) : formatInspection(inspection, bold)}\n`);
    });
  try {
    await command.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    // By then commander has printed the help that was asked for, or what is wrong.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
    err(`error: ${error instanceof Error ? error.message : String(error)}\n`);
    if (debug && error instanceof Error) err(`${error.stack}\n`);
    return ERROR;
  }
}
