// An example as JavaScript, since Node 20 runs no TypeScript.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/**
 * Transpiles examples/NAME.ts and returns the path of the result. Packages are imported as built.
 * @param {string} name
 * @returns {Promise<string>}
 */
export async function buildExample(name) {
  const outfile = fileURLToPath(new URL(`../${name}.mjs`, import.meta.url));
  const entry = fileURLToPath(new URL(`../${name}.ts`, import.meta.url));
  await build({ entryPoints: [entry], outfile, format: 'esm', target: 'node20', platform: 'node' });
  return outfile;
}
