// Shims for the parts of Node that planning and training use in a page. Nothing is read, and nothing is cached
// between plans.
globalThis.process ??= { env: { IABN_PLAN_CACHE: '' }, argv: [], platform: 'browser', versions: {} };
globalThis.Buffer ??= { from: () => new Uint8Array(), alloc: (bytes) => new Uint8Array(bytes) };

const unavailable = () => {
  throw new Error('a page has no files, processes or archives');
};

const hash = { update: () => hash, digest: () => '' };

export const modules = {
  'node:crypto': { createHash: () => hash },
  'node:module': { createRequire: () => unavailable },
  // A page cannot query free memory; only WebAssembly's own limit applies.
  'node:os': { availableParallelism: () => 1, freemem: () => Number.POSITIVE_INFINITY, homedir: () => '/' },
  'node:path': { join: (...parts) => parts.join('/'), dirname: (path) => path, basename: (path) => path },
  'node:url': { fileURLToPath: String, pathToFileURL: String },
  'node:zlib': { crc32: unavailable },
};
