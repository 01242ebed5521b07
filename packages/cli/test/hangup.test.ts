import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { startedWithoutHangup } from '../src/hangup.js';

const [READ_WRITE, WRITE_ONLY] = [0o100002, 0o100001];
const plain = {
  command: '/usr/bin/node',
  stdin: { path: '/dev/pts/0', flags: READ_WRITE },
  parentIgnores: 0n,
};

describe('startedWithoutHangup', () => {
  it.each([
    ['a terminal', plain, false],
    ['nothing known', { command: undefined, stdin: null, parentIgnores: null }, false],
    ['standard input from /dev/null', { ...plain, stdin: { path: '/dev/null', flags: 0o100000 } }, false],
    ['a parent that ignores SIGPIPE', { ...plain, parentIgnores: 0x1000n }, false],
    ['nohup, as a shell names it', { ...plain, command: '/usr/bin/nohup' }, true],
    ['the standard input of nohup', { ...plain, stdin: { path: '/dev/null', flags: WRITE_ONLY } }, true],
    ["trap '' HUP in the shell", { ...plain, parentIgnores: 0x1n }, true],
  ])('%s', (_, facts, expected) => {
    expect(startedWithoutHangup(facts)).toBe(expected);
  });

  it.runIf(process.platform === 'linux')('is detected by a process that a script starts this way', () => {
    const hangup = fileURLToPath(new URL('../src/hangup.ts', import.meta.url));
    const code = `import(${JSON.stringify(hangup)}).then(({ hangupIgnored }) => console.log(hangupIgnored()))`;
    const started = (trap: string) =>
      execFileSync(
        '/bin/sh',
        ['-c', `${trap} "$0" "$@"; :`, process.execPath, ...process.execArgv, '-e', code],
        {
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      ).trim();
    expect(started("trap '' HUP;")).toBe('true');
    expect(started('')).toBe('false');
  });
});
