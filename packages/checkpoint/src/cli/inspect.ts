#!/usr/bin/env node
/** inspect: what a checkpoint holds. */
import { runInspect } from './inspect-command.js';

process.exitCode = await runInspect(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  colours: process.stdout.isTTY === true && !process.env.NO_COLOR,
  debug: Boolean(process.env.IABN_DEBUG),
});
