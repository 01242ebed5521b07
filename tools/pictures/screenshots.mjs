// @ts-check
// Screenshots of report.html, the page of `test` and the gallery of `segment`, into docs/ as WebP.
// node tools/pictures/screenshots.mjs     Needs a build, Debian's chromium and fonts-dejavu, and the images of npm run demo.
// The runs behind them are made once, in .cache/pictures: some five minutes on two idle cores.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { makeShapes } from '../segmentation-shapes/make.mjs';
import { takeScreenshot } from './screenshot.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const WORK = '.cache/pictures';
const EXPERIMENTS = 'apps/train-imagenet/experiments';
const FASHION = { config: `${EXPERIMENTS}/demo_fashion_mnist.json`, data: '.cache/fashion-mnist' };
const SHAPES = { config: `${EXPERIMENTS}/segmentation_shapes.json`, data: `${WORK}/shapes-data` };

/** Pages, with the sizes of their windows and the widths of the pictures. */
const PICTURES = [
  { page: `${WORK}/fashion/report.html`, name: 'report', window: [1200, 1380], width: 900 },
  { page: `${WORK}/test.html`, name: 'test-page', window: [1200, 1100], width: 900 },
  { page: `${WORK}/gallery/index.html`, name: 'gallery', window: [1200, 900], width: 900 },
];
/**
 * Hides facts of the machine and the day, and sets one font, so that pictures do not depend on the machine.
 */
const STYLES = '<style>dl{display:none}*{font-family:"DejaVu Sans"!important}</style></head>';

makeRuns();
for (const { page, ...picture } of PICTURES) {
  const plain = withoutFacts(path.join(root, page), picture.name);
  await takeScreenshot({ ...picture, page: pathToFileURL(plain).href });
}

function makeRuns() {
  mkdirSync(path.join(root, WORK), { recursive: true });
  once('fashion/report.html', ['train', FASHION.config, FASHION.data, '--log-dir', `${WORK}/fashion`]);
  once('test.html', [
    'test',
    FASHION.config,
    `${WORK}/fashion/checkpoints`,
    FASHION.data,
    '--html',
    `${WORK}/test.html`,
  ]);
  if (!existsSync(path.join(root, SHAPES.data))) makeShapes(path.join(root, SHAPES.data));
  once('shapes/report.html', ['train', SHAPES.config, SHAPES.data, '--log-dir', `${WORK}/shapes`]);
  const images = [`${SHAPES.data}/val/images`, `${WORK}/gallery`];
  const classes = ['--config', SHAPES.config, '--classes', `${SHAPES.data}/classes.json`];
  once('gallery/index.html', [
    'segment',
    `${WORK}/shapes/checkpoints`,
    ...images,
    ...classes,
    '--scales',
    '1',
    // Images are not smaller than this, and would be enlarged to 2048 pixels otherwise.
    '--max-size',
    '96',
    '--labels',
    `${SHAPES.data}/val/labels`,
  ]);
}

/**
 * Runs a command of inplace-abn unless its last file exists.
 * @param {string} file
 * @param {readonly string[]} args
 */
function once(file, args) {
  if (existsSync(path.join(root, WORK, file))) return;
  execFileSync(process.execPath, ['packages/inplace-abn/bin/inplace-abn.js', ...args], {
    cwd: root,
    stdio: 'inherit',
  });
}

/**
 * The page without what changes from day to day.
 * @param {string} source
 * @param {string} name
 */
function withoutFacts(source, name) {
  // Next to the page, whose links to images are relative.
  const plain = path.join(path.dirname(source), `${name}-picture.html`);
  writeFileSync(plain, readFileSync(source, 'utf8').replace('</head>', STYLES));
  return plain;
}
