// @ts-check
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './paths.mjs';
import { say } from './steps.mjs';

/**
 * Bytes by kind, as the plan counts them.
 * @typedef
 * {{ weights: number, gradients: number, optimizer: number, activations: number, workspace: number }} Bytes
 *
 * The content of a run folder's summary.json; accuracies are in percent on the validation images.
 * @typedef {object} RunSummary
 * @property {number} images  validation images
 * @property {number | null} top1  after the last epoch; null where none was completed
 * @property {number} bestTop1
 * @property {number} seconds
 * @property {{ ours: Bytes, ordinary: Bytes }} memory  of one training step, and with ordinary batch norm
 */

/** @type {[keyof Bytes, string][]} */
const KINDS = [
  ['activations', 'activations and their gradients'],
  ['workspace', 'workspace'],
  ['weights', 'weights'],
  ['gradients', "weights' gradients"],
  ['optimizer', 'optimizer state'],
];

/**
 * Prints the closing lines of a run that ended with this status.
 * @param {number} status
 * @param {string} folder  of the run, from the repository's root
 * @returns {number} the exit status: that of the run
 */
export function reportRun(status, folder) {
  if (status !== 0) {
    say(`the training run ended with status ${status}; its folder is ${folder}`);
    return status;
  }
  const file = path.resolve(root, folder, 'summary.json');
  // Options may have asked for something other than a run, such as --version, or for another folder.
  if (!existsSync(file)) return 0;
  const summary = JSON.parse(readFileSync(file, 'utf8'));
  process.stdout.write(`\n${formatRunSummary(summary, folder)}\n`);
  return 0;
}

/**
 * The closing lines of a run: accuracy, run folder, and memory compared with ordinary batch norm.
 * @param {RunSummary} summary
 * @param {string} folder
 * @returns {string}
 */
export function formatRunSummary(summary, folder) {
  const { ours, ordinary } = summary.memory;
  const seconds = Math.round(summary.seconds);
  const rows = KINDS.map(([kind, label]) => row(label, ours[kind], ordinary[kind]));
  return [
    `Accuracy    ${accuracy(summary)}`,
    `Time        ${Math.floor(seconds / 60)} min ${seconds % 60} s`,
    `Run folder  ${folder} (open report.html)`,
    '',
    `${''.padEnd(34)}${'in place'.padStart(12)}${'ordinary BN'.padStart(14)}${'ratio'.padStart(8)}`,
    ...rows,
    row('in all', total(ours), total(ordinary)),
    `exactly ${total(ours).toLocaleString('en')} bytes, compared with ${total(ordinary).toLocaleString('en')}`,
  ].join('\n');
}

/**
 * @param {string} label
 * @param {number} ours
 * @param {number} ordinary
 */
function row(label, ours, ordinary) {
  const ratio = ordinary > 0 ? (ours / ordinary).toFixed(2) : '–';
  return `${label.padEnd(34)}${megabytes(ours).padStart(12)}${megabytes(ordinary).padStart(14)}${ratio.padStart(8)}`;
}

/** @param {RunSummary} summary */
function accuracy({ top1, bestTop1, images }) {
  if (top1 === null) return 'not measured: no epoch was completed';
  return `${top1.toFixed(2)} % top-1 on ${images} test images (best ${bestTop1.toFixed(2)} %)`;
}

/** @param {number} bytes */
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`;

/** @param {Bytes} bytes */
const total = (bytes) => KINDS.reduce((sum, [kind]) => sum + bytes[kind], 0);
