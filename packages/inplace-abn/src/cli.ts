/** inplace-abn: one program, whose subcommands are the programs of the other packages. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CALLED_AS, runCommand } from '@inplace-abn/cli';
import { Command } from 'commander';
import { createProject } from './create-project.js';

interface Program {
  readonly package: string;
  readonly file: string;
  readonly does: string;
}

const OWN_NAME = 'inplace-abn';

const PROGRAMS: Readonly<Record<string, Program>> = {
  train: {
    package: '@inplace-abn/train-imagenet',
    file: 'dist/main.js',
    does: 'train a network on a folder of images: inplace-abn train CONFIG DIR',
  },
  test: {
    package: '@inplace-abn/test-imagenet',
    file: 'dist/main.js',
    does: 'test a trained network on a folder of images: inplace-abn test CONFIG CHECKPOINT DIR',
  },
  predict: {
    package: '@inplace-abn/predict',
    file: 'dist/main.js',
    does: 'classify photographs: inplace-abn predict CHECKPOINT IMAGES…',
  },
  segment: {
    package: '@inplace-abn/test-vistas',
    file: 'dist/main.js',
    does: 'segment photographs: inplace-abn segment SNAPSHOT IN_DIR OUT_DIR',
  },
  plan: {
    package: '@inplace-abn/train-imagenet',
    file: 'dist/plan.js',
    does: 'print the memory of a training step before anything runs: inplace-abn plan CONFIG',
  },
  replay: {
    package: '@inplace-abn/train-imagenet',
    file: 'dist/replay.js',
    does: 'repeat a past step of a run, bit for bit: inplace-abn replay RUN DIR --step N',
  },
  compare: {
    package: '@inplace-abn/train-imagenet',
    file: 'dist/compare.js',
    does: 'find the first step and instruction where two runs differ: inplace-abn compare RUN_A RUN_B DIR',
  },
  data: {
    package: '@inplace-abn/train-imagenet',
    file: 'dist/data.js',
    does: 'check a folder of images, or browse samples of it: inplace-abn data check DIR, data browse DIR',
  },
  convert: {
    package: '@inplace-abn/test-imagenet',
    file: 'dist/convert.js',
    does: 'convert weights of torchvision, timm or upstream: inplace-abn convert IN OUT',
  },
  inspect: {
    package: '@inplace-abn/checkpoint',
    file: 'dist/cli/inspect.js',
    does: 'list the tensors of a checkpoint: inplace-abn inspect FILE',
  },
  doctor: {
    package: '@inplace-abn/cuda',
    file: 'dist/cli/doctor.js',
    does: 'check whether training works on this machine, and on which devices',
  },
};

/**
 * Runs a command line. A subcommand's program and the processes that it starts see the `process.argv` of a
 * direct start. It prints the name that the user typed, such as `inplace-abn train`.
 */
export async function run(args: readonly string[]): Promise<void> {
  const [name = '', ...rest] = args;
  const program = Object.hasOwn(PROGRAMS, name) ? PROGRAMS[name] : undefined;
  delete process.env[CALLED_AS];
  if (!program) return runOwn(name, rest);
  const manifest = createRequire(import.meta.url).resolve(`${program.package}/package.json`);
  const path = join(dirname(manifest), program.file);
  process.argv = [process.execPath, path, ...rest];
  process.env[CALLED_AS] = `${OWN_NAME} ${name}`;
  await import(pathToFileURL(path).href);
}

const EXPORT = 'export';

const HELP = `
Examples:
  inplace-abn doctor
  inplace-abn train config.json photos --log-dir runs/first
  inplace-abn predict runs/first/checkpoints photo.jpg

Run inplace-abn COMMAND --help for the options and examples of a command.
Exit codes: 0 done, 1 error, 2 usage; the help of a command lists its own.`;

const NEW_HELP = `
Example:
  inplace-abn new my-network && cd my-network && npm install && npm start

npm start plans a training step and trains on drawn images; put your network into src/network.ts and your
data into src/data.ts. npm test checks that the network learns.
Exit codes: 0 done, 1 error, 2 usage, or a folder that is not empty.`;

/** Runs the subcommands that this package implements. */
async function runOwn(name: string, rest: readonly string[]): Promise<void> {
  if (name !== EXPORT) return runCommand(own(), import.meta.url);
  const { exportCommand } = await import('./export/command.js');
  const [node = process.execPath, path = ''] = process.argv;
  process.argv = [node, path, ...rest];
  return runCommand(exportCommand(), import.meta.url);
}

function own(): Command {
  const command = new Command(OWN_NAME)
    .description('Train convolutional networks in a planned amount of memory.')
    .helpCommand(false)
    .addHelpText('after', HELP);
  for (const [name, { does }] of Object.entries(PROGRAMS)) command.command(name).description(does);
  command
    .command(EXPORT)
    .description('write a network as ONNX or for PyTorch: inplace-abn export CHECKPOINT OUT.onnx');
  command
    .command('new')
    .summary('create a small TypeScript project with a network of your own: inplace-abn new DIR')
    .description('Create a small TypeScript project that trains a network of your own.')
    .argument('<dir>', 'folder to create; it must be missing or empty')
    .addHelpText('after', NEW_HELP)
    .action(async (folder: string) => {
      await createProject(folder);
      process.stdout.write(`Created ${folder}. Next:\n  cd ${folder}\n  npm install\n  npm start\n`);
    });
  return command;
}
