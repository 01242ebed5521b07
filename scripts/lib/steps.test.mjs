import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { inRoot } from './paths.mjs';
import { startable } from './steps.mjs';

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
])('runAttached passes on %s, waits, and ends with the status of the program', async (signal, code) => {
  const program = `process.on('${signal}', () => setTimeout(() => process.exit(${code}), 50));
    setInterval(() => {}, 1000);
    process.stdout.write('started');`;
  const script = `import { runAttached, runMain } from ${JSON.stringify(inRoot('scripts/lib/steps.mjs'))};
    await runMain(() => runAttached(process.execPath, ['-e', ${JSON.stringify(program)}]));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  child.kill(/** @type {NodeJS.Signals} */ (signal));
  expect(await once(child, 'close')).toEqual([code, null]);
});

it('npm signals the scripts themselves, not a shell that would end without them', () => {
  const { scripts } = JSON.parse(readFileSync(inRoot('package.json'), 'utf8'));
  const started = Object.values(scripts).filter((line) => /node scripts\/(app|bench|demo)\.mjs/.test(line));
  expect(started.length).toBeGreaterThan(5);
  for (const line of started) expect(line).toMatch(/^exec node /);
});

it("npm's programs are started by their JavaScript on Windows, with the running Node", () => {
  const node = { platform: 'win32', execPath: 'C:\\Program Files\\nodejs\\node.exe' };
  expect(startable('npx', ['-y', 'a b'], node)).toEqual([
    node.execPath,
    ['C:\\Program Files\\nodejs\\node_modules\\npm\\bin\\npx-cli.js', '-y', 'a b'],
  ]);
  expect(startable('cmake', ['--build'], node)).toEqual(['cmake', ['--build']]);
  expect(startable('npx', ['-y'], { ...node, platform: 'linux' })).toEqual(['npx', ['-y']]);
});
