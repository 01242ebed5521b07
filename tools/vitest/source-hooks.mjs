// @ts-check
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** @type {import('node:module').ResolveHook} */
export async function resolve(specifier, context, next) {
  const url = specifier.startsWith('file:') ? specifier : undefined;
  const source = url?.endsWith('.js') ? `${url.slice(0, -2)}ts` : undefined;
  if (url === undefined || source === undefined || existsSync(fileURLToPath(url)))
    return next(specifier, context);
  if (!existsSync(fileURLToPath(source))) return next(specifier, context);
  return { url: source, format: 'module', shortCircuit: true };
}

/** @type {import('node:module').LoadHook} */
export async function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context);
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(url)],
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    sourcemap: 'inline',
    write: false,
  });
  return { format: 'module', source: outputFiles[0]?.text ?? '', shortCircuit: true };
}
