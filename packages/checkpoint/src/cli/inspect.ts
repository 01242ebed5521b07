#!/usr/bin/env node
/** inspect: lists the contents of a checkpoint. */
import { runCommand } from '@inplace-abn/cli';
import { inspectCommand } from './inspect-command.js';

const command = inspectCommand({
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  colors: process.stdout.isTTY === true && !process.env.NO_COLOR,
});

await runCommand(command, import.meta.url);
