// A library does not know which program runs it, so its texts and comments name no options of programs.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const packages = fileURLToPath(new URL('../../packages', import.meta.url));
/** The program that people install, and code that all programs share. */
const PROGRAMS = ['cli', 'inplace-abn'];
/** In a library: its own programs, and options that several programs share. */
const OF_PROGRAMS = /(^|\/)(cli|program)\//;
/** `--max-size`; not the custom properties of CSS. */
const FLAG = /(?<!var\()(?<![\w-])--[a-z][a-z-]*(?![\w-]*:)/g;

function sources(name) {
  const root = path.join(packages, name, 'src');
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !OF_PROGRAMS.test(file))
    .map((file) => path.join(root, file));
}

const libraries = readdirSync(packages).filter((name) => {
  return !PROGRAMS.includes(name) && readdirSync(path.join(packages, name)).includes('src');
});

it.each(libraries)('%s names no flags', (name) => {
  const found = sources(name).flatMap((file) => {
    const lines = readFileSync(file, 'utf8').split('\n');
    return lines.flatMap((line, i) =>
      // npm's options are not options of our programs.
      (line.includes('npm ') ? [] : (line.match(FLAG) ?? [])).map(
        (flag) => `${path.relative(packages, file)}:${i + 1}: ${flag}`,
      ),
    );
  });
  expect(found).toEqual([]);
});
