// @ts-check
// Builds the planner page into a folder: index.html with two scripts, which any browser opens from there.
// node tools/planner/build.mjs [FOLDER]
import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = path.join(here, '../..');

/**
 * Sources of our own packages, so that nothing needs to be built before, and shims for Node's.
 * @type {import('esbuild').Plugin}
 */
const sources = {
  name: 'sources',
  setup(builder) {
    builder.onResolve({ filter: /^@inplace-abn\/[a-z-]+$/ }, ({ path: name }) => {
      return { path: path.join(root, 'packages', name.slice(13), 'src/index.ts'), sideEffects: false };
    });
    builder.onResolve({ filter: /^(node:.*|sharp)$/ }, ({ path: name }) => {
      return { path: name, namespace: 'shim', sideEffects: false };
    });
    builder.onLoad({ filter: /.*/, namespace: 'shim' }, ({ path: name }) => {
      const contents = `module.exports = require('./shims.js').modules[${JSON.stringify(name)}] ?? {};`;
      return { contents, loader: 'js', resolveDir: here };
    });
  },
};

/**
 * @param {{ out: string }} options  out: folder
 * @returns {Promise<string[]>} warnings
 */
export async function buildPlanner({ out }) {
  mkdirSync(out, { recursive: true });
  const { warnings } = await build({
    entryPoints: [path.join(here, 'entry.ts')],
    inject: [path.join(here, 'shims.js')],
    outfile: path.join(out, 'planner.js'),
    bundle: true,
    minify: true,
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
    define: { 'import.meta.url': '"file:///planner"' },
    logLevel: 'silent',
    plugins: [sources],
  });
  for (const file of ['index.html', 'page.js']) copyFileSync(path.join(here, file), path.join(out, file));
  return warnings.map(({ text }) => text);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [out = '.cache/planner'] = process.argv.slice(2);
  for (const warning of await buildPlanner({ out })) process.stderr.write(`${warning}\n`);
  process.stdout.write(`${path.join(out, 'index.html')}\n`);
}
