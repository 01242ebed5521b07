// A library prints nothing by itself. A test that wants console output says so with
// vi.spyOn(console, 'warn').mockImplementation(…); any other output fails the test that caused it.
import { afterEach, beforeEach } from 'vitest';

const METHODS = ['debug', 'error', 'info', 'log', 'trace', 'warn'] as const;

declare global {
  // One per process: in a shared process, a spy of an earlier file may have left its own console methods.
  var iabnConsole: Partial<Console> | undefined;
}
globalThis.iabnConsole ??= Object.fromEntries(METHODS.map((method) => [method, console[method]]));
const original = globalThis.iabnConsole;
let unexpected: string[] = [];

beforeEach(() => {
  unexpected = [];
  for (const method of METHODS) {
    console[method] = (...args: unknown[]) => {
      unexpected.push(`console.${method}: ${args.map(String).join(' ')}`);
    };
  }
});

afterEach(() => {
  Object.assign(console, original);
  if (unexpected.length > 0) {
    throw new Error(`unexpected console output in this test:\n${unexpected.join('\n')}`);
  }
});
