// @ts-check
// bench/RESULTS.md and README's table, from bench/results.
import { readFileSync, writeFileSync } from 'node:fs';
import { RATES } from '../pairs.mjs';
import { significant } from '../stats.mjs';
import { suites } from '../suites.mjs';
import { formatTable, isUnsteady, markdown } from '../table.mjs';
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
in the same run, except the sums of oneDNN's bare convolutions, which are timed right after; _ratio_ is ours / peer, or the difference of two accuracies. Where there is _paired_, ours and peer are the best of all rounds and paired is the median of the
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
  return [`## ${results.cpu}\n\n${results.about}${limitsOf(results)}\n`, ...sections].join('\n');
}

const LIMITS = /copy ([\d.]+) GB\/s, product ([\d.]+) GFLOP\/s in float32, ([\d.]+) GFLOP\/s in bfloat16/;

/** A sentence with the limits that quiet runs measured. @param {Results} results */
function limitsOf({ runs }) {
  const measured = runs.flatMap((run) => {
    const found = isBusy(run) ? null : LIMITS.exec(run.limits ?? '');
    return found ? [found.slice(1).map(Number)] : [];
  });
  if (measured.length === 0) return '';
  const [copy, float32, bfloat16] = [0, 1, 2].map((at) => {
    const values = measured.map((numbers) => Math.round(numbers[at] ?? 0));
    return [...new Set([Math.min(...values), Math.max(...values)])].join(' to ');
  });
  return ` Limits that quiet runs measured: copy ${copy} GB/s, products ${float32} GFLOP/s in float32 and ${bfloat16} in bfloat16.`;
}

/** @param {Run} run */
const isBusy = ({ note = '' }) => note.includes('machine is busy');

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

/** Rows of a benchmark whose variant matches `begins`. @typedef {{ name: string, begins: RegExp }} Source */

/** @type {(label: string, arch: string, precision: string, batch?: number) => Line} */
const step = (label, arch, precision, batch = 16) => {
  const what = `^${arch}, ${precision}, batch ${batch},`;
  const memory = { name: 'memory', begins: new RegExp(`${what} the same without weights`) };
  // Only eager forms: torch.compile is slower here, and is not measured with every network.
  return { label, name: 'train', begins: new RegExp(`${what} PyTorch(?!.*torch.compile)`), memory };
};

/**
 * README's rows: from the newest run, compared with the fastest peer, so that no ratio flatters. `memory`:
 * the row with the memory, if the row itself has none.
 * @typedef {Source & { label: string, memory?: Source }} Line
 * @type {readonly Line[]}
 */
const LINES = [
  step('ResNet-50, float32', 'resnet50', 'float32'),
  step('ResNet-50, bfloat16', 'resnet50', 'bfloat16'),
  step('DenseNet-121, float32', 'densenet121', 'float32'),
  step('ResNeXt-101, float32', 'resnext101', 'float32', 8),
  step('WiderResNet-38, float32', 'wider_resnet38', 'float32', 8),
  {
    label: 'inference of ResNet-50, float32',
    name: 'infer-resnet50',
    begins: /^float32, batch 16, onnxruntime/,
  },
  { label: 'loader, JPEG to 224×224', name: 'data', begins: /^JPEG 500×375 to 224×224, 2 workers/ },
  { label: 'training of `npm run demo`', name: 'demo', begins: /^training and validation/ },
];

/**
 * README's table with the sentence that names its machine.
 * @param {readonly Results[]} all
 */
export function readmeTable(all) {
  const results = all.find(({ rows }) => rows.some(({ name }) => name === 'train'));
  if (!results) throw new Error('bench/results has no result of train');
  const picked = LINES.flatMap((line) => {
    const row = newest(results, line);
    return row ? [{ line, row }] : [];
  });
  const cells = picked.map(({ line, row }) => {
    const quantity = (/** @type {number} */ value) => `${significant(value)} ${row.unit}`;
    const memory = memoryOf(results, line, row);
    const bytes = memory ? `${memory.ours.toFixed(0)} of ${memory.peer.toFixed(0)} MB${memory.of}` : '';
    const share = memory ? (memory.ours / memory.peer).toFixed(2) : '';
    return [
      line.label,
      quantity(row.ours),
      quantity(row.peer),
      `${row.ratio.toFixed(2)}${markOf(results, row)}`,
      bytes,
      share,
      peerOf(row),
    ];
  });
  const head = ['measured', 'ours', 'peer', 'ratio', 'memory', 'ratio', 'peer is'];
  const table = markdown([head, ...cells], (column) => column > 0 && column < 6);
  const ids = picked.map(({ row }) => row.run);
  return `${BEGIN}\n${introduction(results, ids)}\n\n${table}\n${END}`;
}

/** A mark for a ratio that may be off. @param {Results} results @param {Measured} row */
function markOf({ runs }, row) {
  if (isUnsteady(row)) return ' (unsteady)';
  return runs.some((run) => run.id === row.run && isBusy(run)) ? ' (busy)' : '';
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
    `One type of CPU (${cpu}, ${cores} cores), 224×224, batch 16 (the largest two: 8); memory is the peak without weights; ${when}, ${at}.`,
    'PyTorch runs eagerly: torch.compile takes longer where it was measured. Of its versions and memory formats, the fastest is shown.',
    ...(used.some(isBusy) ? ['_Busy_: other programs used the machine meanwhile.'] : []),
  ].join(' ');
}

/**
 * @param {Results} results
 * @param {Source} source
 * @returns {Measured | undefined}
 */
function newest({ runs, rows }, { name, begins }) {
  const dates = new Map(runs.map(({ id, date }) => [id, date]));
  const dateOf = (/** @type {Measured} */ { run }) => dates.get(run) ?? '';
  const found = rows.flatMap((row) =>
    'refused' in row || row.name !== name || !begins.test(row.variant) ? [] : [row],
  );
  const last = found.map(dateOf).sort().at(-1);
  const better = (/** @type {Measured} */ row) => (RATES.has(row.unit) ? -row.ratio : row.ratio);
  return found.filter((row) => dateOf(row) === last).sort((a, b) => better(b) - better(a))[0];
}

/**
 * Megabytes at the peak, without weights. `of` names the peer's version, in brackets, if it is not that of
 * the row.
 * @param {Results} results
 * @param {Line} line
 * @param {Measured} row
 * @returns {{ ours: number, peer: number, of: string } | undefined}
 */
function memoryOf(results, { memory }, row) {
  if (row.memory) return { ours: row.memory.ours / MEGABYTE, peer: row.memory.peer / MEGABYTE, of: '' };
  const apart = memory && newest(results, memory);
  if (!apart) return undefined;
  const version = (/** @type {Measured} */ { variant }) => /PyTorch [\d.]+/.exec(variant)?.[0];
  const of = version(apart) === version(row) ? '' : ` (${version(apart)})`;
  return { ours: apart.ours, peer: apart.peer, of };
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
