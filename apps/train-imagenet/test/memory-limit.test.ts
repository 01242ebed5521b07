/**
 * A run under a resource limit of its shell fails with a code before the first step, and never crashes later.
 */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { rawConfig } from '../../../packages/recipes/test/support/runs.js';
import { imageFolder, temporaryFolder } from '../../../packages/train/test/support/images.js';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
/** In KiB: Node maps less than half of it. */
const LIMIT = 1200 * 2 ** 10;

/** Starts the program with a limit on the data segment of the process. */
async function runLimited(...args: string[]): Promise<{ code: number; stderr: string }> {
  const limited = ['-c', 'ulimit -d "$1"; shift; exec "$@"', 'bash', String(LIMIT), process.execPath, MAIN];
  try {
    const { stderr } = await promisify(execFile)('bash', [...limited, ...args]);
    return { code: 0, stderr };
  } catch (error) {
    const { code, stderr } = error as { code: number; stderr: string };
    return { code, stderr };
  }
}

describe.runIf(process.platform === 'linux')('a run under RLIMIT_DATA', () => {
  it('is refused if its plan needs more, and trains otherwise', async () => {
    const [data, folder] = [await imageFolder(), await temporaryFolder()];
    const small = join(folder, 'small.json');
    await writeFile(small, JSON.stringify(rawConfig()));
    const large = join(folder, 'large.json');
    const input = { crop_train: 512, crop_val: 16, scale_val: 18 };
    await writeFile(large, JSON.stringify(rawConfig({ input, optimizer: { batch_size: 56 } })));
    expect(await runLimited(small, data, '--dry-run')).toEqual({ code: 0, stderr: '' });
    const refused = await runLimited(large, data, '--dry-run');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(
      /^error: the plan for batch 56 at 512×512 needs .* GiB .* are available under RLIMIT_DATA \(ulimit -d\): lower optimizer\.batch_size or input\.crop_train, or raise that limit\n$/,
    );
  });
});
