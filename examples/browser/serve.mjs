// @ts-check
// Serves this page on this machine: onnxruntime-web from its package under /ort, and files under names of your choice.
//   node examples/browser/serve.mjs [NAME=FILE…]      then http://localhost:8000/?model=NAME&photograph=NAME
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const page = fileURLToPath(new URL('.', import.meta.url));
const TYPES = new Map([
  ['.html', 'text/html'],
  ['.js', 'text/javascript'],
  ['.mjs', 'text/javascript'],
  ['.wasm', 'application/wasm'],
]);

/**
 * @param {Readonly<Record<string, string>>} files  paths by name
 * @param {number} port  0: any that is free
 */
export async function serve(files, port) {
  const ort = path.dirname(createRequire(import.meta.url).resolve('onnxruntime-web'));
  const server = createServer(async (request, response) => {
    const name =
      decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname.slice(1)) || 'index.html';
    const folder = name.startsWith('ort/') ? ort : page;
    const file = files[name] ?? path.join(folder, path.basename(name));
    try {
      response.setHeader('content-type', TYPES.get(path.extname(file)) ?? 'application/octet-stream');
      response.end(await readFile(file));
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(undefined)));
  return server;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = Object.fromEntries(process.argv.slice(2).map((argument) => argument.split('=', 2)));
  await serve(files, 8000);
  const query = Object.keys(files).length > 0 ? '?model=NAME&photograph=NAME' : '';
  console.log(`http://localhost:8000/${query}`);
}
