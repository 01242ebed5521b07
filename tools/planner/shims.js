// The parts of Node that planning meets in a page: nothing is read, and nothing is kept between plans.
globalThis.process ??= { env: { IABN_PLAN_CACHE: '' }, argv: [], platform: 'browser', versions: {} };
globalThis.Buffer ??= { from: () => new Uint8Array(), alloc: (bytes) => new Uint8Array(bytes) };

const unavailable = () => {
  throw new Error('a page only plans');
};

const hash = { update: () => hash, digest: () => '' };

export const modules = {
  'node:crypto': { createHash: () => hash },
  'node:module': { createRequire: () => unavailable },
  'node:os': { availableParallelism: () => 1, homedir: () => '/' },
  'node:path': { join: (...parts) => parts.join('/'), dirname: (path) => path, basename: (path) => path },
  'node:url': { fileURLToPath: String, pathToFileURL: String },
  'node:zlib': { crc32: unavailable },
};
