// The kernels of packages/data. `node build.mjs` compiles them into src/wasm/module.ts.
export {
  affineBilinear,
  affineNearest,
  blendGray,
  blendSmooth,
  countLevels,
  lookUp,
  sumGray,
} from './augment';
export { decodeScan, toRgb } from './jpeg';
export { resampleColumns, resampleGrayRows, resampleRgbRows } from './resample';

/** Start of the memory that TypeScript may use. */
export function heapStart(): usize {
  return __heap_base;
}
