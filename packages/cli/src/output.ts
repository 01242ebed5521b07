import { closeSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';

/** Errors of writes that nobody reads: the reader of a pipe has exited, or the terminal is gone. */
const CLOSED = new Set(['EPIPE', 'EIO', 'ECONNRESET', 'ERR_STREAM_DESTROYED']);
const STANDARD = [0, 1, 2];

/** True if a write failed because nobody reads any more, and not, say, because the disk is full. */
export function isClosed(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && CLOSED.has(code);
}

interface ErrorSource {
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/**
 * Lets the process outlive the readers of its output. Output after `| head` has exited, or after the terminal
 * is gone, is lost. Without this, Node exits with a stack trace or aborts on exit.
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

/** On exit Node restores the settings of its terminals and aborts if one has hung up, so replace those. */
function leaveLostTerminals(terminals: readonly number[]): void {
  for (const fd of terminals.filter((each) => !isatty(each))) {
    closeSync(fd);
    // open() returns the lowest free descriptor, which is the one just closed.
    openSync('/dev/null', 'r+');
  }
}
