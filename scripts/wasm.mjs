// Builds the addon in WebAssembly into native/build-wasm, if Emscripten is installed.  npm run wasm
import { buildWasm } from './lib/native.mjs';
import { runMain } from './lib/steps.mjs';

await runMain(async () => ((await buildWasm()) ? 0 : 1));
