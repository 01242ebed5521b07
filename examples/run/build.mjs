// Compiles an example to JavaScript, because Node 20 does not run TypeScript.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/**
 * Compiles examples/NAME.ts and returns the path of the result, which imports the built packages.
 * @param {string} name
 * @returns {Promise<string>}
 */
export async function buildExample(name) {
  const outfile = fileURLToPath(new URL(`../${name}.mjs`, import.meta.url));
  const entry = fileURLToPath(new URL(`../${name}.ts`, import.meta.url));
  await build({ entryPoints: [entry], outfile, format: 'esm', target: 'node20', platform: 'node' });
  return outfile;
}
