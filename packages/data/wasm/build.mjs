// @ts-check
// Compiles the kernels into src/wasm/module.ts, which is committed, so that neither tests nor users need the compiler:
//   npm run kernels (in packages/data)
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const MODULE = new URL('../src/wasm/module.ts', import.meta.url);

/** The content that src/wasm/module.ts must have. */
export async function compileKernels() {
  const flags = [
    '--optimizeLevel',
    '3',
    '--shrinkLevel',
    '0',
    '--enable',
    'simd',
    '--runtime',
    'stub',
    '--noAssert',
    '--use',
    'abort=',
  ];
  const { error, stderr, stdout } = await asc.main(['index.ts', '--outFile', 'kernels.wasm', ...flags], {
    readFile: (name) => read(name),
    writeFile: (name, content) => {
      if (name === 'kernels.wasm') binary = content;
    },
    listFiles: () => [],
  });
  if (error) throw new Error(`asc: ${error.message}\n${stderr}${stdout}`);
  return [
    '// Made by wasm/build.mjs from the sources beside it: change those and run `npm run kernels`.',
    `export const WASM_BASE64 =\n  '${Buffer.from(binary).toString('base64')}';`,
    '',
  ].join('\n');
}

/** @type {Uint8Array | string} */
let binary = '';

/** @param {string} name */
const read = (name) => readFile(new URL(name, import.meta.url), 'utf8').catch(() => null);

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFile(MODULE, await compileKernels());
