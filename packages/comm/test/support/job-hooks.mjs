// @ts-check
// Lets a rank run jobs written in TypeScript: what they import by relative paths is bundled, packages are those built.
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
    // The repository's own maps packages to their sources.
    tsconfigRaw: {},
    sourcemap: 'inline',
    write: false,
  });
  return { format: 'module', source: outputFiles[0]?.text ?? '', shortCircuit: true };
}
