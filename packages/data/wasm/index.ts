// The kernels of packages/data. `node build.mjs` compiles them into src/wasm/module.ts.
export { decodeScan, toRgb } from './jpeg';
export { resampleColumns, resampleGreyRows, resampleRgbRows } from './resample';

/** Where the memory that TypeScript may use begins. */
export function heapStart(): usize {
  return __heap_base;
}
