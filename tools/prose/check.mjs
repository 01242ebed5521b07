// @ts-check
// Finds phrases that a native speaker would not write, in comments, messages and documents, and links that
// lead nowhere. node tools/prose/check.mjs [FOLDER OR FILE…]
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { brokenLinks } from './links.mjs';
import { problemsIn } from './problems.mjs';
import { root, sourceFiles } from './sources.mjs';

const TEXTS = ['md', 'ts', 'mjs', 'js', 'cc', 'h', 'cu', 'cuh', 'sh', 'py', 'yml', 'yaml'];
/** The rules themselves, and records of what others wrote. */
const EXEMPT = /^(tools\/prose\/|CHANGELOG\.md$|pnpm-lock\.yaml$)/;

const areas = process.argv.slice(2).map((area) => path.normalize(area).replace(/\/$/, ''));
const present = sourceFiles();
const texts = new Map(present.filter((file) => file.endsWith('.md')).map((file) => [file, read(file)]));
const paths = new Set(present.flatMap((file) => [file, ...foldersOf(file)]));

const files = present.filter(
  (file) =>
    (areas.length === 0 || areas.some((area) => file === area || file.startsWith(`${area}/`))) &&
    TEXTS.includes(path.extname(file).slice(1)) &&
    !EXEMPT.test(file),
);
const problems = files.flatMap((file) => [
  ...problemsIn(file, texts.get(file) ?? read(file)),
  ...brokenLinks(file, texts, paths),
]);
for (const { file, line, advice, text } of problems) console.log(`${file}:${line}: ${advice}\n    ${text}`);
console.log(`prose: ${files.length} files, ${problems.length} problems`);
process.exitCode = problems.length > 0 ? 1 : 0;

/** @param {string} file */
function read(file) {
  return readFileSync(path.join(root, file), 'utf8');
}

/** @param {string} file */
function foldersOf(file) {
  const parts = file.split('/').slice(0, -1);
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'));
}
