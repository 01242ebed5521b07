// @ts-check
// fault.mjs FILE [ignoring]: computes in WebAssembly on two threads, one of which faults, and prints how two
// runs end. With `ignoring`, signals do not end the process.
import { readFileSync } from 'node:fs';

const [file = '', ignoring] = process.argv.slice(2);
if (ignoring) process.on('SIGABRT', () => {});

/** @param {string} name */
const source = (name) => new URL(`../../../src/native/${name}.js`, import.meta.url).href;
/** @type {typeof import('../../../src/native/wasm-module.js')} */
const { compileWasm, WasmModule } = await import(source('wasm-module'));
/** @type {typeof import('../../../src/native/wasm-addon.js')} */
const { wasmAddon } = await import(source('wasm-addon'));
/** @type {typeof import('../../../src/native/wasm-threads.js')} */
const { startThreads } = await import(source('wasm-threads'));

const wasm = new WasmModule(compileWasm(readFileSync(file)));
const { code, memory, exports } = wasm;
// A stack that ends below address 0.
await startThreads({ code, memory, exports: { ...exports, wasm_new_stack: () => 16 } }, 2);
const native = wasmAddon(wasm, 2);

const IMAGES = { shape: [16, 64, 32, 32], dtype: /** @type {const} */ ('float32') };
const SUM = { shape: IMAGES.shape.slice(0, 2), dtype: /** @type {const} */ ('float32') };
const attrs = { program: 'mul(x0,x0)', domain: [], shape: SUM.shape, divisor: 1 };
const kernel = new native.Kernel({ op: 'sum', attrs, inputs: [IMAGES], outputs: [SUM] });
/** @param {{ shape: number[] }} type */
const bytes = ({ shape }) => shape.reduce((product, size) => product * size, 4);
/** @param {number} bytes */
const start = (bytes) => ({ memory: new native.Memory(bytes), offset: 0 });
const inputs = [start(bytes(IMAGES))];
const outputs = [start(bytes(SUM))];
const program = new native.Program([{ kernel, inputs, outputs, workspace: start(kernel.workspaceBytes) }]);
for (let run = 0; run < 2; run++) {
  await program.run([], [], 0, 1, false).then(
    () => console.log('ran'),
    (error) => console.log(error.name),
  );
}
