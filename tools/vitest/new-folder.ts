import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let folders = 0;

/**
 * A new folder. Names sort in the order of the calls: a result that depends on their order is the same in
 * every run.
 */
export function newFolder(prefix: string): Promise<string> {
  folders += 1;
  return mkdtemp(join(tmpdir(), `${prefix}-${String(folders).padStart(6, '0')}-`));
}
