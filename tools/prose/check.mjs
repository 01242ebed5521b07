// @ts-check
// Finds phrases that a native speaker would not write, in comments, messages and documents.
// node tools/prose/check.mjs [FOLDER OR FILE…]
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { problemsIn } from './problems.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const TEXTS = ['md', 'ts', 'mjs', 'cc', 'h', 'cu', 'cuh', 'sh', 'py', 'yml', 'yaml'];
/** The rules themselves, and records of what others wrote. */
const EXEMPT = /^(tools\/prose\/|CHANGELOG\.md$|pnpm-lock\.yaml$)/;

const areas = process.argv.slice(2);
const patterns = areas.length > 0 ? areas : TEXTS.map((ending) => `*.${ending}`);
const files = execFileSync('git', ['ls-files', '-z', '--', ...patterns], { cwd: root, encoding: 'utf8' })
  .split('\0')
  .filter((file) => TEXTS.includes(path.extname(file).slice(1)) && !EXEMPT.test(file));

const problems = files.flatMap((file) => problemsIn(file, readFileSync(path.join(root, file), 'utf8')));
for (const { file, line, advice, text } of problems) console.log(`${file}:${line}: ${advice}\n    ${text}`);
console.log(`prose: ${files.length} files, ${problems.length} problems`);
process.exitCode = problems.length > 0 ? 1 : 0;
