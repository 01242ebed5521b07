import type { ByteSource } from '../src/files/source.js';
import type { TorchReadOptions, TorchValue } from '../src/index.js';
import { TorchFile } from '../src/index.js';
import { encodeTorch } from '../src/torch/write.js';

/** A source over bytes in memory. */
export function memorySource(content: Uint8Array, path = 'memory.pth'): ByteSource {
  return {
    path,
    size: content.byteLength,
    read: async (bytes, position) => {
      const part = content.subarray(position, position + bytes.byteLength);
      bytes.set(part);
      return part.byteLength;
    },
    close: async () => undefined,
  };
}

/** readTorch on bytes. */
export async function readBytes(content: Uint8Array, options?: TorchReadOptions): Promise<TorchValue> {
  const file = await TorchFile.over(memorySource(content), options);
  return file.readAll();
}

/** The bytes that writeTorch would write. */
export async function torchBytes(value: TorchValue): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of encodeTorch(value)) pieces.push(Uint8Array.from(piece));
  return Buffer.concat(pieces);
}
