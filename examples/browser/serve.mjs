// @ts-check
// Serves this page on localhost, with onnxruntime-web from its package under /ort, and files under names that
// you choose.
//   node examples/browser/serve.mjs [NAME=FILE…]      then http://localhost:8000/?model=NAME&photograph=NAME
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { serveFiles } from '../../tools/browser/serve.mjs';

const page = fileURLToPath(new URL('.', import.meta.url));
/**
 * @param {Readonly<Record<string, string>>} files  paths by name
 * @param {number} port  0: any that is free
 */
export function serve(files, port) {
  const ort = path.dirname(createRequire(import.meta.url).resolve('onnxruntime-web'));
  const fileOf = (/** @type {string} */ name) =>
    files[name] ?? path.join(name.startsWith('ort/') ? ort : page, path.basename(name));
  return serveFiles(fileOf, port);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = Object.fromEntries(process.argv.slice(2).map((argument) => argument.split('=', 2)));
  await serve(files, 8000);
  const query = Object.keys(files).length > 0 ? '?model=NAME&photograph=NAME' : '';
  console.log(`http://localhost:8000/${query}`);
}
