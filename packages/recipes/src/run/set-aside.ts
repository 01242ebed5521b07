/** Files that would be mistaken for those of a run's best or last state. */
import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';

/** Renames `best.safetensors` to `best.superseded.safetensors`, if it exists; `.pth.tar` files likewise. */
export async function setAside(path: string): Promise<void> {
  if (existsSync(path)) await rename(path, path.replace(/\.(safetensors|pth\.tar)$/, '.superseded.$1'));
}
