// @ts-check
// bench/RESULTS.md and README's table, from bench/results.
import { readFileSync, writeFileSync } from 'node:fs';
import { RATES } from '../pairs.mjs';
import { significant } from '../stats.mjs';
import { suites } from '../suites.mjs';
import { formatTable, markdown } from '../table.mjs';
import { allResults } from './results.mjs';

/** @typedef {import('./results.mjs').Results} Results */
/** @typedef {import('./results.mjs').Result} Result */
/** @typedef {import('./results.mjs').Run} Run */
/** @typedef {import('../suites.mjs').Row & { run: number }} Measured */

const MEGABYTE = 1e6;
const BEGIN = '<!-- bench: the table below is written by `npm run bench -- report` -->';
const END = '<!-- bench: end -->';
const RESULTS = new URL('../../RESULTS.md', import.meta.url);
const README = new URL('../../../README.md', import.meta.url);

const INTRODUCTION = `# Results

Written by \`npm run bench -- report\` from [results](results), a file for each type of CPU. _ours_ and _peer_ are measured in turn
in the same run; _ratio_ is ours / peer. Where there is _paired_, ours and peer are the best of all rounds and paired is the median of the
rounds' ratios, else they are medians. _spread_ is half the range of the less steady side over its median; a row above 15 % was measured up
to three times and is marked. _of the limit_ compares with the machine's own limits, which the commands measure too. _memory_ is the peak
without weights and optimizer state. The commit of a run without limits is the one that recorded it. [Performance notes](../docs/performance-notes.md) tell how the numbers came about.
`;

/**
 * The text of bench/RESULTS.md.
 * @param {readonly Results[]} all
 */
export function resultsPage(all) {
  return [INTRODUCTION, ...all.map(machineSection)].join('\n');
}

/** @param {Results} results */
function machineSection(results) {
  const order = suites.map(({ name }) => name);
  const names = [...new Set(results.rows.map(({ name }) => name))];
  const sections = names
    .sort((a, b) => order.indexOf(a) - order.indexOf(b))
    .map((name) => `### ${name}\n\n${suiteSection(results, name)}\n`);
  return [`## ${results.cpu}\n\n${results.about}\n`, ...sections].join('\n');
}

/**
 * @param {Results} results
 * @param {string} name
 */
function suiteSection({ runs, rows }, name) {
  const own = rows.filter((row) => row.name === name);
  const used = runs.filter(({ id }) => own.some(({ run }) => run === id));
  const numbered = used.length > 1;
  const lines = used.map((run, index) => `- ${numbered ? `run ${index + 1}: ` : ''}${runLine(run)}`);
  const numberOf = new Map(used.map(({ id }, index) => [id, String(index + 1)]));
  const runOf = new Map(own.map((row) => [/** @type {object} */ (row), numberOf.get(row.run) ?? '']));
  const table = formatTable(own, {
    named: false,
    ...(numbered ? { run: (row) => runOf.get(row) ?? '' } : {}),
  });
  return `${lines.join('\n')}\n\n${table}`;
}

/** @param {Run} run */
function runLine({ command, date, commit, machine, limits, note }) {
  return [`\`${command}\`, ${date}, commit ${commit}`, machine, limits, note].filter(Boolean).join('; ');
}

/** Rows of a benchmark that begin so; `memory`: their memory instead of their time. */
/** @typedef {{ name: string, begins: RegExp, memory?: boolean }} Source */

/** @type {(arch: string, precision: string, batch?: number) => Source} */
const step = (arch, precision, batch = 16) => ({
  name: 'train',
  begins: new RegExp(`^${arch}, ${precision}, batch ${batch}, PyTorch`),
});
/** Of the training steps, else of the benchmark of memory. @type {(precision: string) => readonly Source[]} */
const memory = (precision) => [
  { ...step('resnet50', precision), memory: true },
  { name: 'memory', begins: new RegExp(`^resnet50, ${precision}, batch 16, the same without weights`) },
];

/**
 * README's rows, each from the first source that has some: the newest run's, and of several peers the fastest, so
 * that no ratio flatters.
 * @type {readonly { label: string, from: readonly Source[] }[]}
 */
const LINES = [
  { label: 'step of ResNet-50, float32', from: [step('resnet50', 'float32')] },
  { label: 'its memory without weights', from: memory('float32') },
  { label: 'step of ResNet-50, bfloat16', from: [step('resnet50', 'bfloat16')] },
  { label: 'its memory without weights', from: memory('bfloat16') },
  { label: 'step of DenseNet-121, float32', from: [step('densenet121', 'float32')] },
  { label: 'step of ResNeXt-101, float32', from: [step('resnext101', 'float32', 8)] },
  { label: 'step of WiderResNet-38, float32', from: [step('wider_resnet38', 'float32', 8)] },
  {
    label: 'inference of ResNet-50, float32',
    from: [{ name: 'infer-resnet50', begins: /^float32, batch 16, onnxruntime/ }],
  },
  {
    label: 'loader, JPEG to 224×224',
    from: [{ name: 'data', begins: /^JPEG 500×375 to 224×224, 2 workers/ }],
  },
  { label: 'training of `npm run demo`', from: [{ name: 'demo', begins: /^training and validation/ }] },
];

/**
 * README's table with the sentence that names its machine.
 * @param {readonly Results[]} all
 */
export function readmeTable(all) {
  const results = all.find(({ rows }) => rows.some(({ name }) => name === 'train'));
  if (!results) throw new Error('bench/results has no result of train');
  const picked = LINES.flatMap(({ label, from }) => {
    const [found] = from.flatMap((source) => newest(results, source) ?? []);
    return found ? [{ label, ...found }] : [];
  });
  const cells = picked.map(({ label, row, sides: { ours, peer, unit } }) => {
    const quantity = (/** @type {number} */ value) => `${significant(value)} ${unit}`;
    return [label, quantity(ours), quantity(peer), (ours / peer).toFixed(2), peerOf(row)];
  });
  const head = ['measured', 'ours', 'peer', 'ratio', 'peer is'];
  const table = markdown([head, ...cells], (column) => column > 0 && column < 4);
  return `${BEGIN}\n\n${introduction(
    results,
    picked.map(({ row }) => row.run),
  )}\n\n${table}\n\n${END}`;
}

/**
 * @param {Results} results
 * @param {readonly number[]} ids
 */
function introduction({ cpu, runs }, ids) {
  const used = runs.filter(({ id }) => ids.includes(id));
  const dates = [...new Set(used.map(({ date }) => date.slice(0, 10)))].sort();
  const commits = [...new Set(used.map(({ commit }) => commit))];
  const when = dates.length > 1 ? `${dates[0]} to ${dates.at(-1)}` : dates[0];
  const at = `commit${commits.length > 1 ? 's' : ''} ${commits.join(', ')}`;
  const cores = /(\d+) cores/.exec(used.at(-1)?.machine ?? '')?.[1] ?? 'all';
  return [
    `One machine (${cpu}, ${cores} cores), images of 224×224, batch 16 (ResNeXt-101 and WiderResNet-38: 8); ${when}, ${at}.`,
    'Where the peer is PyTorch, it is its fastest form in that run.',
  ].join('\n');
}

/**
 * @param {Results} results
 * @param {Source} source
 * @returns {{ row: Measured, sides: { ours: number, peer: number, unit: string } } | undefined}
 */
function newest({ runs, rows }, { name, begins, memory: ofMemory }) {
  const dates = new Map(runs.map(({ id, date }) => [id, date]));
  const dateOf = (/** @type {Measured} */ { run }) => dates.get(run) ?? '';
  const found = rows.flatMap((row) =>
    'refused' in row || row.name !== name || !begins.test(row.variant) ? [] : [row],
  );
  const last = found.map(dateOf).sort().at(-1);
  const better = (/** @type {Measured} */ row) => (RATES.has(row.unit) ? -row.ratio : row.ratio);
  const [row] = found.filter((candidate) => dateOf(candidate) === last).sort((a, b) => better(b) - better(a));
  if (!row || !ofMemory) return row && { row, sides: row };
  const { memory: bytes } = row;
  if (!bytes) return undefined;
  return { row, sides: { ours: bytes.ours / MEGABYTE, peer: bytes.peer / MEGABYTE, unit: 'MB' } };
}

/** The last part of a variant names the peer. @param {Measured} row */
function peerOf({ name, variant }) {
  const pytorch = /(PyTorch .*|onnxruntime.*|torchvision.*)$/.exec(variant)?.[1];
  return pytorch ?? (name === 'data' ? 'torchvision' : '');
}

/**
 * A text with its generated table replaced.
 * @param {string} text
 * @param {string} table
 */
export function withTable(text, table) {
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (from < 0 || to < from)
    throw new Error(`README.md has no place for the table: expected ${BEGIN} … ${END}`);
  return text.slice(0, from) + table + text.slice(to + END.length);
}

/** Writes bench/RESULTS.md and README's table. */
export function writePages() {
  const all = allResults();
  writeFileSync(RESULTS, resultsPage(all));
  writeFileSync(README, withTable(readFileSync(README, 'utf8'), readmeTable(all)));
}

/** The text of README's generated part. @param {string} readme */
export function tableIn(readme) {
  return readme.slice(readme.indexOf(BEGIN), readme.indexOf(END) + END.length);
}
