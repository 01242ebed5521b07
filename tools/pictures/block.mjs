// @ts-check
// Draws how the backward pass gets each value of one residual block of ResNet-50: kept, inverted or
// recomputed.
// node tools/pictures/block.mjs OUT.svg     From the plan of batch 16 in a budget that makes it recompute something.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { resnet50 } from './session.mjs';
import { escapeXml, standaloneSvg } from './svg.mjs';

const [BATCH, BUDGET, BLOCK] = [16, '705MB', 'mod3.block2'];
/** Widths of a column and of the box in it. */
const [COLUMN, BOX] = [128, 100];
const [LEFT, OPS, VALUES, HEIGHT] = [14, 64, 128, 248];
const NAMES = { keep: 'kept', absorb: 'inverted', invert: 'inverted', recompute: 'recomputed' };

/**
 * @typedef {object} Value
 * @property {string} op  as the picture names it
 * @property {'keep' | 'absorb' | 'invert' | 'recompute'} choice
 * @property {number} bytes
 * @property {string} how  where it comes from in the backward pass
 */

/**
 * The values of a block that its backward pass reads, in the order of the forward pass.
 * @param {import('@inplace-abn/core').Plan} plan
 * @param {string} block  module path
 * @returns {Value[]}
 */
export function valuesOf({ graph, rebuilds }, block) {
  const inBlock = (/** @type {string} */ path) => path === block || path.startsWith(`${block}.`);
  const again = graph.nodes
    .filter(({ path, rebuilds: rebuilding, op }) => rebuilding && inBlock(path) && op.name !== 'add_invert')
    .map(({ path, op }) => nameOf(op.name, path));
  return graph.nodes.flatMap((node) => {
    const decision = rebuilds.find(({ producer }) => producer?.id === node.id);
    // Statistics are a number for each channel.
    if (!decision || !inBlock(node.path) || node.op.name === 'abn_stats') return [];
    const { choice, bytes, through } = decision;
    const source = through ? nameOf(through.op.name, through.path) : '';
    const how = {
      keep: 'in the arena',
      absorb: `from ${source}`,
      invert: `from ${source}`,
      recompute: `by ${again.join(', ')}`,
    };
    return [{ op: nameOf(node.op.name, node.path), choice, bytes, how: how[choice] }];
  });
}

/**
 * @param {string} op
 * @param {string} path
 */
const nameOf = (op, path) => (op === 'add' ? 'the sum' : path.slice(path.lastIndexOf('.') + 1));

/**
 * @param {readonly Value[]} values
 * @param {string} note  below the picture
 */
export function drawBlock(values, note) {
  const columns = values.map((value, i) => column(value, LEFT + COLUMN * (i + 1)));
  const [first, last] = [LEFT, LEFT + COLUMN * values.length];
  const width = last + BOX + LEFT;
  const total = (/** @type {string} */ name) =>
    megabytes(
      values.filter(({ choice }) => NAMES[choice] === name).reduce((sum, { bytes }) => sum + bytes, 0),
    );
  const legend = ['kept', 'inverted', 'recomputed'].map(
    (name, i) =>
      `<rect x="${LEFT + 230 * i}" y="14" width="12" height="12" rx="2" fill="var(--${name})"/><text x="${LEFT + 18 + 230 * i}" y="25">${name} ${total(name)}</text>`,
  );
  const skip = `<path class="arrow" d="M${first + BOX / 2} ${OPS} V${OPS - 16} H${last + BOX / 2} V${OPS - 2}"/>`;
  const input = `<rect class="op" x="${first}" y="${OPS}" width="${BOX}" height="34" rx="6"/><text x="${first + BOX / 2}" y="${OPS + 22}" text-anchor="middle">input</text>`;
  return standaloneSvg(
    {
      width,
      height: HEIGHT,
      title: 'Values of a residual block that are kept, inverted and recomputed',
      styles:
        '.op{fill:none;stroke:var(--ink)}.arrow{fill:none;stroke:var(--soft);marker-end:url(#head)}.value text{fill:#fff;font-weight:600}.dark{fill:var(--ink)}',
    },
    [
      '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="var(--soft)"/></marker></defs>',
      ...legend,
      skip,
      input,
      ...columns,
      `<text class="soft" x="${LEFT}" y="${HEIGHT - 14}">${escapeXml(note)}</text>`,
    ],
  );
}

/**
 * @param {Value} value
 * @param {number} x
 */
function column({ op, choice, bytes, how }, x) {
  const middle = x + BOX / 2;
  const name = NAMES[choice];
  return `<path class="arrow" d="M${x - COLUMN + BOX} ${OPS + 17} H${x - 2}"/>
<rect class="op" x="${x}" y="${OPS}" width="${BOX}" height="34" rx="6"/><text x="${middle}" y="${OPS + 22}" text-anchor="middle">${op}</text>
<path class="arrow" d="M${middle} ${OPS + 34} V${VALUES - 2}"/>
<g class="value"><rect x="${x}" y="${VALUES}" width="${BOX}" height="48" rx="6" fill="var(--${name})"/><text x="${middle}" y="${VALUES + 21}" text-anchor="middle">${megabytes(bytes)}</text><text x="${middle}" y="${VALUES + 39}" text-anchor="middle">${name}</text></g>
<text class="soft" x="${middle}" y="${VALUES + 68}" text-anchor="middle">${escapeXml(how)}</text>`;
}

/** @param {number} bytes */
const megabytes = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [out] = process.argv.slice(2);
  if (!out) {
    process.stderr.write('usage: node tools/pictures/block.mjs OUT.svg\n');
    process.exitCode = 2;
  } else {
    const session = await resnet50(BUDGET);
    const note = `${BLOCK} of ResNet-50, batch ${BATCH}, float32, in a budget of ${BUDGET}: each op, the value that it writes, and how the backward pass gets that value`;
    writeFileSync(out, drawBlock(valuesOf(session.plan({ train: BATCH }).raw, BLOCK), note));
  }
}
