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
    .description(
      'List the tensors of a checkpoint with shapes and dtypes, and say which published model it is.',
    )
    .argument(
      '<file>',
      'file written by torch.save (.pth.tar, .pth, .pt), a safetensors file, or the index of several (*.index.json)',
    )
    .option(
      '--json',
      'print one JSON object: format, bytes, md5, published, prefixes, tensors, elements, rest',
    )
    .addHelpText(
      'after',
      ({ command }) => `
Examples:
  ${command.name()} model_best.pth.tar
  ${command.name()} net.safetensors --json | jq -r '.tensors[].name'

Runs no code from the file and does not load its tensors. Exit codes: 0 done, 1 error, 2 usage.
Environment: NO_COLOR plain output, IABN_DEBUG=1 the stack of an error.`,
    )
    .configureOutput({ writeOut: out, writeErr: err })
    .action(async (path: string, options: { readonly json?: boolean }) => {
      const inspection = await inspectCheckpoint(path);
      const bold = (text: string): string => (colors ? `\u001b[1m${text}\u001b[22m` : text);
      out(`${options.json ? JSON.stringify(inspection, null, 2) : formatInspection(inspection, bold)}\n`);
    });
}
