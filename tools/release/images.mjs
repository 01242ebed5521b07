// @ts-check
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { encode } from 'fast-png';

const CLASSES = 10;
const SIDE = 28;
const SPLITS = { train: 32, val: 8 };

/**
 * Writes an image folder: gray pictures of stripes, a class for each width.
 * @param {string} folder
 */
export function writeImageFolder(folder) {
  for (const [split, count] of Object.entries(SPLITS)) {
    for (let label = 0; label < CLASSES; ++label) {
      const classFolder = path.join(folder, split, `class${label}`);
      mkdirSync(classFolder, { recursive: true });
      for (let i = 0; i < count; ++i) writeFileSync(path.join(classFolder, `${i}.png`), picture(label, i));
    }
  }
}

/**
 * @param {number} label
 * @param {number} shift
 */
function picture(label, shift) {
  const data = Uint8Array.from({ length: SIDE * SIDE }, (_, i) => {
    return Math.floor((i + shift) / (label + 1)) % 2 === 0 ? 220 : 30;
  });
  return encode({ width: SIDE, height: SIDE, channels: 1, depth: 8, data });
}
