// @ts-check
// Draws the memory map of ResNet-50's training step, next to the same step with ordinary batch norm under
// PyTorch's rules.
// node tools/memory-map/render.mjs OUT.svg [BATCH]     Needs a build (npm run build); allocates nothing of what it draws.
import { writeFileSync } from 'node:fs';

const [WIDTH, HEIGHT] = [600, 460];
const [out, batch = '2'] = process.argv.slice(2);
const load = (/** @type {string} */ name) => import(`../../packages/${name}/dist/index.js`);

if (!out || !(Number(batch) >= 1)) {
  process.stderr.write('usage: node tools/memory-map/render.mjs OUT.svg [BATCH]\n');
  process.exitCode = 2;
} else {
  await render(out, Number(batch));
}

/**
 * @param {string} file
 * @param {number} images
 */
async function render(file, images) {
  const { memoryMapOf } = await load('core');
  const { renderMemoryMapSvg } = await load('train');
  const plan = await planOf(images);
  const [ours, ordinary] = [memoryMapOf(plan.raw), plan.ordinaryMap()];
  const scaleBytes = Math.max(ours.arenaBytes, ordinary.arenaBytes);
  const panels = [
    renderMemoryMapSvg(ordinary, { title: 'ordinary batch norm', width: WIDTH, height: HEIGHT, scaleBytes }),
    renderMemoryMapSvg(ours, { title: 'in place', width: WIDTH, height: HEIGHT, scaleBytes }),
  ];
  const nested = panels.map((panel, i) => panel.replace('<svg ', `<svg x="${i * WIDTH}" `));
  const size = `width="${2 * WIDTH}" height="${HEIGHT}"`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${2 * WIDTH} ${HEIGHT}" ${size}>\n<title>Memory maps of a training step: ordinary batch norm, and in place</title>\n${nested.join('\n')}\n</svg>\n`;
  writeFileSync(file, svg);
  process.stdout.write(
    `${file}: ${ours.buffers.length} and ${ordinary.buffers.length} buffers, ${svg.length} bytes\n`,
  );
}

/** @param {number} images */
async function planOf(images) {
  const [{ createNetwork }, { InPlaceABN }, { sgd }, { crossEntropy, Session }] = await Promise.all(
    ['models', 'nn', 'optim', 'session'].map(load),
  );
  const normAct = (/** @type {number} */ channels, /** @type {object} */ options) =>
    new InPlaceABN(channels, options);
  const session = new Session(createNetwork('resnet50', { normAct, classes: 1000 }), {
    input: { shape: [3, 224, 224] },
    loss: crossEntropy(),
    optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
  });
  return session.plan({ train: images });
}
