/** Ends a process that a blocked read would keep alive. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';

const ADDON =
  process.env.IABN_ADDON ??
  fileURLToPath(new URL('../../../../native/build/Release/inplace_abn.node', import.meta.url));

/** A thread reads from a pipe without a writer; `process.exit` alone would wait for it. */
const PROGRAM = `
const { Worker } = require('node:worker_threads');
const [addon, pipe] = process.argv.slice(1);
const reader = new Worker("require('node:worker_threads').parentPort.postMessage('reading'); require('node:fs').readFileSync(" + JSON.stringify(pipe) + ")", { eval: true });
reader.on('message', () => {
  process.once('exit', (code) => require(addon).exitNow(code));
  process.exit(3);
});
`;

it('exitNow ends a process whose thread waits for a read, with its exit code', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'exit-now-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const code = await new Promise((resolve) => {
    const child = execFile(process.execPath, ['-e', PROGRAM, ADDON, pipe]);
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    child.on('exit', resolve);
  });
  expect(code).toBe(3);
});
