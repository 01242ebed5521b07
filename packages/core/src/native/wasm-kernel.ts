/** Kernels of the addon in WebAssembly. */
import type { KernelSpec } from '../devices/device.js';
import type { NativeKernel } from './addon.js';
import type { WasmModule } from './wasm-module.js';
import { kernelFields } from './wasm-text.js';

/** Environment variables that kernels read when they are created; an instance has its own copies. */
const VARIABLES = ['IABN_KERNEL_CHOICE', 'IABN_VECTOR_LANES', 'ONEDNN_MAX_CPU_ISA'];

export class WasmKernel implements NativeKernel {
  readonly handle: number;
  readonly workspaceBytes: number;
  readonly layout: NativeKernel['layout'];
  readonly implementation: string;
  readonly refusals: readonly string[];
  readonly choice: NativeKernel['choice'];

  /** @throws Error with every reason if no implementation accepts the specification */
  constructor(wasm: WasmModule, spec: KernelSpec) {
    const { exports } = wasm;
    for (const name of VARIABLES) wasm.setVariable(name, process.env[name]);
    this.handle = wasm.made(wasm.send(kernelFields(spec), exports.kernel_new));
    wasm.own(this, { handle: this.handle, release: exports.kernel_delete });
    const length = exports.kernel_description_bytes(this.handle);
    // In the order in which native/wasm/addon.cc writes them.
    const [workspace, layout, implementation = '', name = '', refusal = '', count, ...lists] = wasm.fields(
      exports.kernel_description(this.handle),
      length,
    );
    const inputs = lists.slice(0, Number(count)).map(Number);
    this.workspaceBytes = Number(workspace);
    this.layout = Number(layout) > 0 ? { bytes: Number(layout), inputs } : null;
    this.implementation = implementation;
    this.refusals = lists.slice(inputs.length + 1);
    this.choice = name === '' ? null : { name, refusal };
  }
}
