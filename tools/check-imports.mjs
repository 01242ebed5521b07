// @ts-check
// Fails on an import against the order of packages, an undeclared dependency, a deep import into another
// package, and a cycle between files or folders.  node tools/check-imports.mjs [ROOT]
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { findCycles } from './check-imports/cycles.mjs';
import { findFolderCycles } from './check-imports/folders.mjs';
import { checkPackages } from './check-imports/rules.mjs';
import { readWorkspace } from './check-imports/workspace.mjs';

const root = path.resolve(process.argv[2] ?? fileURLToPath(new URL('..', import.meta.url)));
const workspace = readWorkspace(root);
const problems = [...checkPackages(workspace), ...findCycles(workspace), ...findFolderCycles(workspace)];

for (const problem of problems) process.stderr.write(`${problem}\n`);
const files = workspace.members.reduce((count, member) => count + member.files.length, 0);
process.stdout.write(`import order: ${files} files, ${problems.length} problems\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
