import { Command } from 'commander';
import { formatInspection } from '../inspect/format.js';
import { inspectCheckpoint } from '../inspect/inspect.js';

/** Output of the program. */
export interface Streams {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Whether to print headings in bold. */
  readonly colors: boolean;
}

/** The command line of the program `inspect`. */
export function inspectCommand({ out, err, colors }: Streams): Command {
  return new Command('inspect')
    .description('List the contents of a checkpoint: names, shapes, dtypes, and which published model it is.')
    .argument(
      '<file>',
      '.pth.tar, .pth or .pt in either container of PyTorch, .safetensors, or the index of several (*.index.json)',
    )
    .option(
      '--json',
      'print one JSON object: format, bytes, md5, published, prefixes, tensors, elements, rest',
    )
    .addHelpText(
      'after',
      `
Runs no code from the file and does not load its tensors. Exit codes: 0 done, 1 error, 2 usage.
Environment: NO_COLOR plain output, IABN_DEBUG the stack of an error.`,
    )
    .configureOutput({ writeOut: out, writeErr: err })
    .action(async (path: string, options: { readonly json?: boolean }) => {
      const inspection = await inspectCheckpoint(path);
      const bold = (text: string): string => (colors ? `\u001b[1m${text}\u001b[22m` : text);
      out(`${options.json ? JSON.stringify(inspection, null, 2) : formatInspection(inspection, bold)}\n`);
    });
}
