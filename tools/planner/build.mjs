// @ts-check
// Builds the planner page into a folder: index.html with two scripts, which any browser opens from there.
// node tools/planner/build.mjs [FOLDER]
import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleForPage } from '../browser/bundle.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));

/**
 * @param {{ out: string }} options  out: folder
 * @returns {Promise<string[]>} warnings
 */
export async function buildPlanner({ out }) {
  mkdirSync(out, { recursive: true });
  const warnings = await bundleForPage(path.join(here, 'entry.ts'), path.join(out, 'planner.js'));
  for (const file of ['index.html', 'page.js']) copyFileSync(path.join(here, file), path.join(out, file));
  return warnings;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [out = '.cache/planner'] = process.argv.slice(2);
  for (const warning of await buildPlanner({ out })) process.stderr.write(`${warning}\n`);
  process.stdout.write(`${path.join(out, 'index.html')}\n`);
}
