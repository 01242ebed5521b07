import { expect, it } from 'vitest';
import { assertAlone, MACOS, WINDOWS } from './alone-package.mjs';

/** Lines of objdump and otool. */
const dll = (name) => `\tDLL Name: ${name}\n\tvma:  Hint/Ord Member-Name Bound-To\n\t90e57c\t 1234  Sleep\n`;
const dylib = (name) => `\t${name} (compatibility version 1.0.0, current version 1700.255.0)\n`;

it.each([
  ['Windows', WINDOWS, ['KERNEL32.dll', 'ADVAPI32.dll', 'msvcrt.dll'].map(dll)],
  [
    'macOS',
    MACOS,
    ['inplace_abn.node:\n', ...['/usr/lib/libc++.1.dylib', '/usr/lib/libSystem.B.dylib'].map(dylib)],
  ],
])('the addon for %s needs only system libraries', (_, system, lines) => {
  expect(() => assertAlone(lines.join(''), system)).not.toThrow();
});

it.each([
  ['Windows', WINDOWS, dll('KERNEL32.dll') + dll('libwinpthread-1.dll'), 'libwinpthread-1.dll'],
  ['Windows', WINDOWS, dll('KERNEL32.dll') + dll('NODE.EXE'), 'NODE.EXE'],
  ['macOS', MACOS, dylib('/opt/homebrew/opt/libomp/lib/libomp.dylib'), '/opt/homebrew'],
  ['Windows', WINDOWS, 'file format not recognized', 'no library'],
])('an addon for %s with another library, or with none, is refused', (_, system, list, problem) => {
  expect(() => assertAlone(list, system)).toThrow(problem);
});
