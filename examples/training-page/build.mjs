// @ts-check
// Builds the page into a folder for any static server, after `npm run wasm`. --serve serves it at
// http://localhost:8000/.
//   node examples/training-page/build.mjs [FOLDER] [--serve]
import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bundleForPage } from '../../tools/browser/bundle.mjs';
import { serveFiles } from '../../tools/browser/serve.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const WASM = path.join(here, '../../native/build-wasm/inplace_abn.wasm');
const DATA = '/usr/share/datasets/fashion-mnist';
/**
 * @param {string} out  folder
 * @param {string} [data]  folder of Fashion-MNIST's files
 * @returns {Promise<string[]>} warnings
 */
export async function buildTrainingPage(out, data = DATA) {
  mkdirSync(out, { recursive: true });
  const pack = ['train-images-idx3-ubyte.gz', 'train-labels-idx1-ubyte.gz'].map((name) =>
    path.join(data, name),
  );
  for (const file of [path.join(here, 'index.html'), path.join(here, 'page.js'), WASM, ...pack]) {
    copyFileSync(file, path.join(out, path.basename(file)));
  }
  return bundleForPage(path.join(here, 'worker.ts'), path.join(out, 'worker.js'));
}

/**
 * Serves a folder's files on localhost.
 * @param {string} folder
 * @param {number} port  0: any free one
 */
export const serveFolder = (folder, port) =>
  serveFiles((name) => path.join(folder, path.basename(name)), port, { isolated: true });

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values, positionals } = parseArgs({
    options: { serve: { type: 'boolean' } },
    allowPositionals: true,
  });
  const [out = '.cache/training-page'] = positionals;
  for (const warning of await buildTrainingPage(out)) process.stderr.write(`${warning}\n`);
  if (values.serve) await serveFolder(out, 8000);
  console.log(values.serve ? 'http://localhost:8000/' : out);
}
