#!/usr/bin/env node
/** plan: prints the memory of a training step before anything runs. */
import { cpu } from '@inplace-abn/core';
import { ARCHITECTURES } from '@inplace-abn/models';
import { formatPlan, loadConfig, planReport } from '@inplace-abn/train';
import { Command } from 'commander';
import { runCommand, runProgram } from './exit.js';
import { positive } from './numbers.js';

interface Options {
  readonly batch?: number;
  readonly json?: boolean;
}

const command = new Command('plan')
  .description(
    'Plan the memory of one training step: bytes by kind, the peak, what is in place and what is not and why.',
  )
  .argument('<config>', 'JSON training configuration')
  .option('-b, --batch <n>', 'images per step (default: optimizer.batch_size)', positive)
  .option('--json', 'print one JSON object: bytes by kind, peak, layers, ordinary')
  .addHelpText('after', '\nNeeds no data and trains nothing. Exit codes: 0 done, 1 error, 2 usage.')
  .action((path: string, options: Options) => runProgram(() => main(path, options)));

async function main(path: string, options: Options): Promise<number> {
  const config = await loadConfig(path, { architectures: ARCHITECTURES });
  const { report } = planReport(config, options.batch ?? config.optimizer.batch_size, cpu());
  process.stdout.write(`${options.json ? JSON.stringify(report, null, 2) : formatPlan(report)}\n`);
  return 0;
}

await runCommand(command);
