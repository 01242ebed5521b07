// @ts-check
// A screenshot of the planner page into docs/planner.webp.
// node tools/pictures/planner.mjs     Needs Debian's chromium.
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildPlanner } from '../planner/build.mjs';
import { takeScreenshot } from './screenshot.mjs';

const out = fileURLToPath(new URL('../../.cache/planner', import.meta.url));
await buildPlanner({ out });
const page = `${pathToFileURL(path.join(out, 'index.html'))}?arch=resnet50&batch=32`;
await takeScreenshot({ page, name: 'planner', window: [1100, 1250], width: 900 });
