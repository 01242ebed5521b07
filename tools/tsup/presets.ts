import type { Options } from 'tsup';

const common: Options = {
  format: ['esm'],
  target: 'node20',
  platform: 'node',
  sourcemap: true,
  // Maps give a package's stack traces the lines of its sources, which a checkout has next to dist.
  esbuildOptions: (options) => {
    options.sourcesContent = false;
  },
  clean: true,
  silent: true,
  tsconfig: 'tsconfig.json',
};

/** A package: one entry, src/index.ts, with declarations. Its dependencies stay outside the bundle. */
export function library(overrides: Options = {}): Options {
  // Declarations of other packages come from their dist, as a user of the published package sees them.
  return { ...common, entry: ['src/index.ts'], dts: { compilerOptions: { paths: {} } }, ...overrides };
}

/** An app: one bundle per program; nobody imports it, so it has no declarations. */
export function program(entry: string[], overrides: Options = {}): Options {
  return { ...common, entry, dts: false, ...overrides };
}
