// @ts-check
// Bundles code for pages. Our packages are bundled from their sources, so no build is needed, and Node's
// modules are replaced by shims.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = path.join(here, '../..');

/** @type {import('esbuild').Plugin} */
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
 * @param {string} entry  a source file
 * @param {string} outfile  a classic script
 * @returns {Promise<string[]>} warnings
 */
export async function bundleForPage(entry, outfile) {
  const { warnings } = await build({
    entryPoints: [entry],
    inject: [path.join(here, 'shims.js')],
    outfile,
    bundle: true,
    minify: true,
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
    define: { 'import.meta.url': '"file:///page"' },
    logLevel: 'silent',
    plugins: [sources],
  });
  return warnings.map(({ text }) => text);
}
