export { type Advice, advise, withAdvice } from './advice.js';
export {
  CALLED_AS,
  CommandLineError,
  commandLine,
  exitCodeOf,
  type ProgramCommand,
  runCommand,
  signalExitCode,
} from './command.js';
export { hangupIgnored } from './hangup.js';
export { nearestManifest } from './manifest.js';
export { isClosed, surviveClosedOutput } from './output.js';
export { printable, printableLines } from './printable.js';
export { type SignalSource, STOP_SIGNALS, StopSignals } from './stop-signals.js';
export { alignColumns } from './table.js';
export { checkWritable } from './writable.js';
