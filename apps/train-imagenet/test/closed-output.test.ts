/** The real program after its output has lost its reader. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { lastState, rawConfig } from '../../../packages/recipes/test/support/runs.js';
import { imageFolder, temporaryFolder } from '../../../packages/train/test/support/images.js';
import { start } from './support/programs.js';

describe('train-imagenet', () => {
  let data: string;
  let config: string;
  beforeAll(async () => {
    data = await imageFolder();
    config = join(await temporaryFolder(), 'config.json');
    await writeFile(config, JSON.stringify(rawConfig({ optimizer: { schedule: { epochs: 10_000 } } })));
  });

  it('continues silently after its output is closed', async () => {
    const logDir = join(await temporaryFolder(), 'run');
    const args = [config, data, '--log-dir', logDir, '-p', '1', '--max-steps', '10'];
    const { child, ended } = start('main', args, (stdout) => {
      if (stdout.includes('step 1/7')) child.stdout?.destroy();
    });
    expect(await ended).toMatchObject({ code: 0, stderr: '' });
    expect((await lastState(logDir)).meta.step).toBe(10);
  });

  it('saves and exits cleanly after its terminal is gone', async () => {
    const folder = await temporaryFolder();
    const [logDir, code] = [join(folder, 'run'), join(folder, 'code')];
    const program = fileURLToPath(new URL('../dist/main.js', import.meta.url));
    // The shell forwards the hangup, as an interactive one does, and outlives its terminal to report the
    // program's exit code.
    const command = [process.execPath, program, config, data, '--log-dir', logDir].map((word) => `"${word}"`);
    const line = `${command.join(' ')} & trap "kill -HUP $!" HUP; wait; wait $!; echo $? > "${code}"`;
    const env = { ...process.env, OMP_NUM_THREADS: '1', NODE_OPTIONS: '', SHELL: '/bin/sh' };
    const terminal = spawn('script', ['-qec', line, '/dev/null'], {
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    for await (const chunk of terminal.stdout) if (String(chunk).includes('7/7')) break;
    terminal.kill('SIGKILL');
    while (!existsSync(code)) await pause(20);
    while ((await readFile(code, 'utf8')) === '') await pause(20);
    expect(await readFile(code, 'utf8')).toBe('129\n');
    expect((await lastState(logDir)).meta.step).toBeGreaterThan(0);
  });
});
