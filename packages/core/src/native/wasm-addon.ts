/** The native addon's exports, implemented by the WebAssembly addon without process groups and plugins. */
import type { KernelSpec } from '../devices/device.js';
import type { NativeAddon, NativeInstruction } from './addon.js';
import { WasmKernel } from './wasm-kernel.js';
import { LinearMemory, WasmMemory } from './wasm-memory.js';
import type { WasmModule } from './wasm-module.js';
import { WasmProgram } from './wasm-program.js';

/** The exports of a module that computes on `threads` threads. */
export function wasmAddon(wasm: WasmModule, threads: number): NativeAddon {
  const linear = new LinearMemory(wasm);
  const { exports } = wasm;
  return {
    Memory: class extends WasmMemory {
      constructor(bytes: number) {
        super(linear, bytes);
      }
    },
    Kernel: class extends WasmKernel {
      constructor(spec: KernelSpec) {
        super(wasm, spec);
      }
    },
    Program: class extends WasmProgram {
      constructor(instructions: readonly NativeInstruction[]) {
        super(wasm, instructions);
      }
    },
    get Device() {
      return refuse('device plugins');
    },
    get Group() {
      return refuse('process groups');
    },
    pluginReport: () => refuse('device plugins'),
    firstOutside: (labels, classes, ignored) =>
      labels.findIndex((label) => !((label >= 0 && label < classes) || label === ignored)),
    hasBFloat16: () => false,
    instructionSet: () => wasm.text(exports.wasm_instruction_set()),
    threads: () => threads,
    threadsThere: () => exports.wasm_joined() + 1,
    onednnVersion: () => '',
    machine: () => wasm.text(exports.wasm_machine()),
    addressableBytes: () => linear.addressable,
    linearMemoryBytes: () => wasm.memory.buffer.byteLength,
    dieWithParent: (ppid) => process.ppid === ppid,
    // Node stops kernel workers wherever they are. Unlike the native one, waits for threads stuck in a read.
    exitNow: (code) => process.exit(code),
  };
}

function refuse(what: string): never {
  throw new Error(`WebAssembly has no ${what}: they need the native addon of Linux on x64 or ARM`);
}
