// @ts-check
// Lets a rank run TypeScript jobs: relative imports are bundled, packages are the built ones.
import { fileURLToPath } from 'node:url';

/** @type {import('node:module').LoadHook} */
export async function load(url, context, next) {
  if (!url.endsWith('.job.ts')) return next(url, context);
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(url)],
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    // The repository's own tsconfig maps packages to their sources.
    tsconfigRaw: {},
    sourcemap: 'inline',
    write: false,
  });
  return { format: 'module', source: outputFiles[0]?.text ?? '', shortCircuit: true };
}
