/** The built `inspect` if nothing reads its output, as in `inspect --help | true`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const PROGRAM = fileURLToPath(new URL('../dist/cli/inspect.js', import.meta.url));

it('inspect ends silently if its output is closed', async () => {
  const child = spawn(process.execPath, [PROGRAM, '--help'], {
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // Close the output long before Node has loaded the program, so that nothing is read.
  child.stdout.destroy();
  const [[code], stderr] = await Promise.all([once(child, 'close'), text(child.stderr)]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});
