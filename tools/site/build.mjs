// @ts-check
// The documentation as a static site in FOLDER, with the API reference; its links are checked.
// node tools/site/build.mjs [FOLDER]
import { rmSync } from 'node:fs';
import path from 'node:path';
import { brokenIn } from './check.mjs';
import { buildPages, PARTS } from './site.mjs';

const [folder = '.cache/site'] = process.argv.slice(2);
const out = path.resolve(folder);
rmSync(out, { recursive: true, force: true });
const pages = await buildPages(out);
const problems = [];
for (const part of PARTS) problems.push(...(await part.build(path.join(out, part.folder))));
problems.push(...brokenIn(out).map((link) => `a link leads nowhere: ${link}`));
for (const problem of problems) process.stderr.write(`${problem}\n`);
if (problems.length > 0) process.exitCode = 1;
else
  process.stdout.write(
    `${path.join(folder, 'index.html')}: ${pages} pages, the API reference and the planner\n`,
  );
