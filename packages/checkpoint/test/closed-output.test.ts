/** The built `inspect` when nobody reads what it prints, as after `inspect --help | true`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const PROGRAM = fileURLToPath(new URL('../dist/cli/inspect.js', import.meta.url));

it('ends in silence', async () => {
  const child = spawn(process.execPath, [PROGRAM, '--help'], {
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // Long before Node has loaded the program: all of its output finds no reader.
  child.stdout.destroy();
  const [[code], stderr] = await Promise.all([once(child, 'close'), text(child.stderr)]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});
