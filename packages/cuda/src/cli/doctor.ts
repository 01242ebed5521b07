#!/usr/bin/env node
/**
 * doctor: reports whether training works on this machine, its kernels and devices, and the one thing to fix
 * if something is missing.
 */
import { runCommand } from '@inplace-abn/cli';
import { availableMemory, cpu, verifyNativeFiles } from '@inplace-abn/core';
import { Command } from 'commander';
import { cudaReport } from '../report.js';
import { diagnose, formatDiagnosis, type Processors } from './diagnosis.js';

const command = new Command('doctor')
  .description(
    'Check whether training works here, and print kernels, threads, GPUs, libraries and their versions.',
  )
  .option('--json', 'print the report as one JSON object')
  .addHelpText(
    'after',
    ({ command }) => `
Examples:
  ${command.name()}
  ${command.name()} --json | jq .advice

Names the one next step if something is missing. Exit codes: 0 training works here, 1 it does not, 2 usage.`,
  )
  .action(({ json }: { json?: boolean }) => {
    const diagnosis = diagnose(processors(), cudaReport({ free: true }));
    process.stdout.write(json ? `${JSON.stringify(diagnosis, null, 2)}\n` : formatDiagnosis(diagnosis));
    process.exitCode = diagnosis.processors.problem === null ? 0 : 1;
  });

function processors(): Processors {
  try {
    verifyNativeFiles();
    const device = cpu();
    return {
      threads: device.threads,
      memory: device.availableBytes(),
      instructionSet: device.instructionSet,
      bfloat16: device.multipliesBFloat16,
      libraries: device.libraries,
      problem: null,
    };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    const none = { threads: 0, instructionSet: 'no', bfloat16: false, libraries: {} };
    return { ...none, memory: availableMemory(), problem };
  }
}

await runCommand(command, import.meta.url);
