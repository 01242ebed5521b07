// @ts-check
// Writes a small data set for segmentation: OUT/{train,val}/{images,labels}/NNN.png and OUT/classes.json, the
// same bytes every time.
//
//   node tools/segmentation-shapes/make.mjs OUT [TRAIN VAL]
//
// TRAIN and VAL are numbers of images, 240 and 40 where they are left out.
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encode } from 'fast-png';
import { CLASS_COLORS, CLASSES, drawShapes } from './draw.mjs';

const [TRAIN, VAL] = [240, 40];

/**
 * @param {string} outDir
 * @param {{ train?: number, val?: number }} [counts]
 */
export function makeShapes(outDir, { train = TRAIN, val = VAL } = {}) {
  mkdirSync(outDir, { recursive: true });
  const classes = CLASSES.map((name, id) => JSON.stringify({ id, name, color: CLASS_COLORS[id] }));
  writeFileSync(join(outDir, 'classes.json'), `[\n  ${classes.join(',\n  ')}\n]\n`);
  for (const [part, count] of Object.entries({ train, val })) {
    const [images, labels] = [join(outDir, part, 'images'), join(outDir, part, 'labels')];
    for (const folder of [images, labels]) mkdirSync(folder, { recursive: true });
    for (let i = 0; i < count; i++) {
      const name = String(i).padStart(3, '0');
      const drawn = drawShapes(`${part}/${name}`);
      const size = { width: drawn.width, height: drawn.height };
      writeFileSync(join(images, `${name}.png`), encode({ ...size, channels: 3, data: drawn.pixels }));
      writeFileSync(join(labels, `${name}.png`), encode({ ...size, channels: 1, data: drawn.labels }));
    }
  }
}

/** @param {string[]} args */
function main([out, ...counts]) {
  const [train = TRAIN, val = VAL] = counts.map(Number);
  if (!out || ![train, val].every((count) => Number.isInteger(count) && count > 0)) {
    process.stderr.write('usage: node tools/segmentation-shapes/make.mjs OUT [TRAIN VAL]\n');
    return 2;
  }
  makeShapes(out, { train, val });
  process.stdout.write(`${train} and ${val} images of ${CLASSES.join(', ')} in ${out}\n`);
  return 0;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.exitCode = main(process.argv.slice(2));
}
