// @ts-check
// Draws the memory map of ResNet-50's training step from its plan.  node tools/memory-map/render.mjs OUT.svg [BATCH]
// Needs a build (npm run build); allocates nothing of what it draws.
import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const [out, batch = '2'] = process.argv.slice(2);
const built = (/** @type {string} */ name) =>
  new URL(`../../packages/${name}/dist/index.js`, import.meta.url);
const missing = ['core', 'train'].find((name) => !existsSync(fileURLToPath(built(name))));

if (!out || !(Number(batch) >= 1)) fail('usage: node tools/memory-map/render.mjs OUT.svg [BATCH]', 2);
else if (missing) fail(`packages/${missing}/dist is missing: run npm run build first`, 1);
else await render(out, Number(batch));

/**
 * @param {string} file
 * @param {number} images
 */
async function render(file, images) {
  const { cpu } = await import(built('core').href);
  const { memoryMapOf, planReport, renderMemoryMapSvg, resolveConfig } = await import(built('train').href);
  const network = { arch: 'resnet50', activation: 'leaky_relu', bn_mode: 'inplace' };
  const config = resolveConfig({ network, optimizer: { clip: 0 } }, 'memory map');
  const { plan } = planReport(config, images, cpu());
  const svg = renderMemoryMapSvg(memoryMapOf(plan), { width: 1000, height: 460 });
  writeFileSync(file, svg);
  process.stdout.write(`${file}: ${plan.buffers.length} buffers, ${svg.length} bytes\n`);
}

/**
 * @param {string} message
 * @param {number} status
 */
function fail(message, status) {
  process.stderr.write(`${message}\n`);
  process.exitCode = status;
}
