/** The pages that a WebAssembly memory asks for. */
export interface Pages {
  readonly initial: number;
  readonly maximum: number;
  readonly shared: boolean;
}

interface Global {
  readonly WebAssembly: { Memory: new (pages: Pages) => { readonly buffer: ArrayBuffer } };
}

/** Node's WebAssembly, which Node's types lack. Tests replace its Memory. */
export const { WebAssembly } = globalThis as unknown as Global;
