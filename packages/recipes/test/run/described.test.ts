import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../../../train/test/support/images.js';
import { describedNetwork } from '../../src/index.js';

it('distinguishes a run folder from its checkpoints folder', async () => {
  const folder = await temporaryFolder();
  const none = `there is no intact checkpoint in the folder ${folder}`;
  await expect(describedNetwork(folder)).rejects.toThrow(new RegExp(`^${none}$`));
  await mkdir(join(folder, 'checkpoints'));
  await expect(describedNetwork(folder)).rejects.toThrow(`${none}; name ${join(folder, 'checkpoints')}`);
});
