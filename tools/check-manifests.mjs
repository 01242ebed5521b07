// @ts-check
// Fails if a published manifest lacks the common fields, or declares a dependency that its sources do not
// use.
//   node tools/check-manifests.mjs [--fix]
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { publishedMembers } from '../scripts/lib/members.mjs';
import { inRoot, root } from '../scripts/lib/paths.mjs';
import { readWorkspace } from './check-imports/workspace.mjs';
import {
  completed,
  programsWithoutStart,
  unusedDependencies,
  withAbsoluteLinks,
} from './check-manifests/rules.mjs';

const fix = process.argv.includes('--fix');
const workspace = readWorkspace(root);
const { engines } = JSON.parse(readFileSync(inRoot('package.json'), 'utf8'));
const problems = [];
for (const { folder, manifest } of publishedMembers()) {
  const file = inRoot(folder, 'package.json');
  const wanted = `${JSON.stringify(completed(manifest, { folder, node: engines.node }), null, 2)}\n`;
  if (readFileSync(file, 'utf8') !== wanted) {
    if (fix) writeFileSync(file, wanted);
    else problems.push(`${folder}/package.json lacks common fields: node tools/check-manifests.mjs --fix`);
  }
  for (const name of programsWithoutStart(manifest, (file) => readFileSync(inRoot(folder, file), 'utf8'))) {
    problems.push(`${folder}: ${name} needs bin/${name}.js that begins with start of @inplace-abn/cli/start`);
  }
  const readme = inRoot(folder, 'README.md');
  const text = existsSync(readme) ? readFileSync(readme, 'utf8') : '';
  const linked = withAbsoluteLinks(text, folder);
  if (text === '') problems.push(`${folder} has no README.md`);
  if (fix && linked !== text) writeFileSync(readme, linked);
  else if (linked !== text)
    problems.push(`${folder}/README.md has links that do not work on npm: run with --fix`);
  const member = workspace.members.find((each) => each.folder === folder);
  for (const name of member ? unusedDependencies(member, manifest, sourceText(member)) : []) {
    problems.push(`${folder}/package.json declares ${name}, which no source imports`);
  }
}
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.stdout.write(`manifests: ${problems.length} problems\n`);
process.exitCode = problems.length === 0 ? 0 : 1;

/** @param {import('./check-imports/workspace.mjs').Member} member */
function sourceText(member) {
  const sources = member.files.filter((file) => file.path.startsWith(`${member.folder}/src/`));
  return sources.map((file) => readFileSync(path.join(root, file.path), 'utf8')).join('\n');
}
