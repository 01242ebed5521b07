// @ts-check
// The API reference of all public packages, as HTML in FOLDER.  node tools/api/build.mjs [FOLDER]
import path from 'node:path';
import { buildReference } from './reference.mjs';

const [folder = '.cache/api'] = process.argv.slice(2);
const warnings = await buildReference({ out: path.resolve(folder) });
for (const warning of warnings) process.stderr.write(`${warning}\n`);
if (warnings.length > 0) process.exitCode = 1;
else process.stdout.write(`${path.join(folder, 'index.html')}\n`);
