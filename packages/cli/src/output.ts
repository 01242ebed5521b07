import { closeSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';

/** Codes of writes that nobody reads: the reader of a pipe has ended, or the terminal is gone. */
const CLOSED = new Set(['EPIPE', 'EIO', 'ECONNRESET', 'ERR_STREAM_DESTROYED']);
const STANDARD = [0, 1, 2];

/** Whether a write failed because nobody reads any more, and not, say, because the disk is full. */
export function isClosed(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && CLOSED.has(code);
}

interface ErrorSource {
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/**
 * Lets the process outlive the readers of its output: what it writes after `| head` has ended, or after its terminal is
 * gone, is lost. Without this, Node ends the process with a stack, or aborts at its end.
 */
export function surviveClosedOutput(
  streams: readonly ErrorSource[] = [process.stdout, process.stderr],
): void {
  for (const stream of streams) {
    stream.on('error', (error) => {
      if (!isClosed(error)) throw error;
    });
  }
  const terminals = STANDARD.filter((fd) => isatty(fd));
  if (terminals.length > 0) process.on('exit', () => leaveLostTerminals(terminals));
}

/** Node restores the settings of the terminals that it started on, and aborts where one has hung up: it is to find none. */
function leaveLostTerminals(terminals: readonly number[]): void {
  for (const fd of terminals.filter((each) => !isatty(each))) {
    closeSync(fd);
    // The lowest number that is free, so the same.
    openSync('/dev/null', 'r+');
  }
}
