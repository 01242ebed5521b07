// @ts-check
// Serves files of pages on this machine.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';

const TYPES = new Map([
  ['.html', 'text/html'],
  ['.js', 'text/javascript'],
  ['.mjs', 'text/javascript'],
  ['.wasm', 'application/wasm'],
]);

/**
 * @param {(name: string) => string} fileOf  file of a path below /, which is index.html where it is empty
 * @param {number} port  0: any that is free
 * @param {{ isolated?: boolean }} [options]  isolated: from other origins, so that workers may share memory
 */
export async function serveFiles(fileOf, port, { isolated = false } = {}) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    try {
      const file = fileOf(decodeURIComponent(pathname.slice(1)) || 'index.html');
      const content = await readFile(file);
      response.setHeader('content-type', TYPES.get(path.extname(file)) ?? 'application/octet-stream');
      if (isolated) {
        response.setHeader('cross-origin-opener-policy', 'same-origin');
        response.setHeader('cross-origin-embedder-policy', 'require-corp');
      }
      response.end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(undefined));
  });
  return server;
}
