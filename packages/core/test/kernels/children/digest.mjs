// @ts-check
// digest.mjs ADDON SPECS: runs kernels on numbers derived from their specs, and prints a line for each with
// the number of threads, the implementation, and a digest of its outputs.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** @typedef {{ shape: number[], dtype: string }} Type */
/** @typedef {{ op: string, attrs: {}, choice?: string, inputs: Type[], outputs: Type[] }} Spec */
/** @typedef {import('../../../src/native/addon.js').NativeMemory} Memory */

const [addon = '', text = ''] = process.argv.slice(2);
/** @type {import('../../../src/native/addon.js').NativeAddon} */
const native = addon.endsWith('.wasm') ? await inWebAssembly() : createRequire(import.meta.url)(addon);
/** @type {Spec[]} */
const specs = JSON.parse(text);

/** With all of its threads. */
async function inWebAssembly() {
  // As tests resolve sources (tools/vitest/source-hooks.mjs).
  const { href } = new URL('../../../src/native/load.js', import.meta.url);
  /** @type {typeof import('../../../src/native/load.js')} */
  const { loadNative, loadWasm } = await import(href);
  await loadWasm(readFileSync(addon));
  return loadNative();
}

/** @param {Type} type */
const elements = ({ shape }) => shape.reduce((product, size) => product * size, 1);
/** @param {Type} type */
const bytes = (type) => elements(type) * (type.dtype === 'bfloat16' ? 2 : 4);

/** @param {Type} type */
function numbers(type) {
  let state = 1;
  const floats = Float32Array.from({ length: elements(type) }, () => {
    state = (state * 48271) % 2147483647;
    return state / 1073741824 - 0.999;
  });
  if (type.dtype === 'int32') {
    return new Uint8Array(Int32Array.from(floats, (value) => Math.floor(2 * value + 2)).buffer);
  }
  if (type.dtype === 'float32') return new Uint8Array(floats.buffer);
  // The upper half of a float32 is its truncation to bfloat16.
  return new Uint8Array(Uint16Array.from(new Uint32Array(floats.buffer), (bits) => bits >>> 16).buffer);
}

/** @param {Memory} memory */
const start = (memory) => ({ memory, offset: 0 });

/** @param {Spec} spec */
async function digest(spec) {
  const kernel = new native.Kernel(/** @type {any} */ (spec));
  const inputs = spec.inputs.map((type) => {
    const memory = new native.Memory(bytes(type));
    memory.write(0, numbers(type));
    return start(memory);
  });
  const outputs = spec.outputs.map((type) => start(new native.Memory(bytes(type))));
  const workspace = start(new native.Memory(kernel.workspaceBytes));
  const layout = kernel.layout && start(new native.Memory(kernel.layout.bytes));
  const laidOut = (/** @type {number} */ index) => kernel.layout?.inputs.includes(index) ?? false;
  const instruction = { kernel, outputs, workspace, layout };
  /** @type {import('../../../src/native/addon.js').NativeInstruction[]} */
  const instructions = [
    { ...instruction, inputs: inputs.map((input, index) => (laidOut(index) ? null : input)) },
  ];
  if (layout) {
    instructions.unshift({
      ...instruction,
      part: 'layout',
      inputs: inputs.map((input, index) => (laidOut(index) ? input : null)),
    });
  }
  const program = new native.Program(instructions);
  await program.run([], [], 0, instructions.length, false);
  const hash = createHash('sha256');
  for (const { memory } of outputs) hash.update(memory.read(0, memory.bytes));
  return `${native.threads()} ${kernel.implementation} ${hash.digest('hex')}`;
}

const lines = [];
for (const spec of specs) lines.push(await digest(spec));
process.stdout.write(lines.join('\n'));
