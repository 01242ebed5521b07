// @ts-check
// Serves the files of a page on localhost.
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
 * @param {(name: string) => string} fileOf  maps a URL path without its slash to a file; `index.html` for /
 * @param {number} port  0: any free one
 * @param {{ isolated?: boolean }} [options]  isolated: sends the headers for cross-origin isolation, so that
 * workers may share memory
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
