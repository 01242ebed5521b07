import type { Options } from 'tsup';

const common: Options = {
  format: ['esm'],
  target: 'node20',
  platform: 'node',
  sourcemap: true,
  // Source maps give stack traces the lines of the sources, without a copy of the sources in the package.
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

/** An app: one bundle per program, without declarations, because nothing imports it. */
export function program(entry: string[], overrides: Options = {}): Options {
  return { ...common, entry, dts: false, ...overrides };
}
