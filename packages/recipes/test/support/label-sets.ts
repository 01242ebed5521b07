/** A folder of multi-label images, and configurations for it. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { temporaryFolder } from '../../../train/test/support/images.js';
import type { TrainConfig } from '../../src/index.js';
import { configOf } from './runs.js';

const SIDE = 20;
export const NAMES = ['left', 'middle', 'right'] as const;
export const [TRAIN, VAL] = [24, 7];

/** Image i has the labels whose bits are set in i, so every eighth image has none. */
const has = (image: number, label: number) => ((image >> label) & 1) === 1;

/** DIR/{train,val}/NN.png, gray with a bright band for each label, and DIR/{train,val}.csv. */
export async function labelSetFolder(): Promise<string> {
  const root = await temporaryFolder();
  for (const [part, images] of [
    ['train', TRAIN],
    ['val', VAL],
  ] as const) {
    await mkdir(join(root, part), { recursive: true });
    const lines = ['file,tags'];
    for (let image = 0; image < images; image++) {
      const name = `${String(image).padStart(2, '0')}.png`;
      await writeFile(join(root, part, name), bands(image));
      lines.push(`${name},${NAMES.filter((_, label) => has(image, label)).join(' ')}`);
    }
    await writeFile(join(root, `${part}.csv`), `${lines.join('\n')}\n`);
  }
  return root;
}

function bands(image: number): Uint8Array {
  const data = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => {
    const band = Math.floor((3 * (Math.floor(i / 3) % SIDE)) / SIDE);
    return (has(image, band) ? 200 : 60) + ((i * 7 + image * 13) % 40);
  });
  return encode({ width: SIDE, height: SIDE, channels: 3, depth: 8, data });
}

export function labelSetConfig(sections: Parameters<typeof configOf>[0] = {}): TrainConfig {
  return configOf({
    task: 'multi-label',
    ...sections,
    network: { width: 0.05, ...sections.network },
    optimizer: { batch_size: 6, ...sections.optimizer },
    data: { train_labels: 'train.csv', val_labels: 'val.csv' },
  });
}
