// @ts-check
import { posix as path } from 'node:path';

const REPOSITORY = 'https://github.com/inplace-abn/inplace-abn';
const KEYWORDS = [
  'batch-normalization',
  'deep-learning',
  'inplace-abn',
  'machine-learning',
  'memory',
  'training',
];

/** Fields in the order of npm's documentation; others follow as they are. */
const ORDER = [
  'name',
  'version',
  'private',
  'description',
  'keywords',
  'homepage',
  'bugs',
  'license',
  'repository',
  'type',
  'sideEffects',
  'exports',
  'bin',
  'files',
  'scripts',
  'dependencies',
  'optionalDependencies',
  'devDependencies',
  'engines',
  'os',
  'cpu',
  'libc',
  'publishConfig',
];

/**
 * A published manifest, completed with the common fields.
 * @param {any} manifest
 * @param {{ folder: string, node: string }} member  its folder in the repository; versions of Node that it runs on
 */
export function completed(manifest, { folder, node }) {
  const all = {
    ...manifest,
    keywords: KEYWORDS,
    homepage: `${REPOSITORY}/tree/main/${folder}#readme`,
    bugs: `${REPOSITORY}/issues`,
    repository: { type: 'git', url: `git+${REPOSITORY}.git`, directory: folder },
    engines: { node },
    publishConfig: { access: 'public', provenance: true },
  };
  if (manifest.exports) all.exports = { ...manifest.exports, './package.json': './package.json' };
  if (manifest.dependencies && Object.keys(manifest.dependencies).length === 0) delete all.dependencies;
  const known = ORDER.filter((field) => field in all).map((field) => [field, all[field]]);
  const others = Object.entries(all).filter(([field]) => !ORDER.includes(field));
  return Object.fromEntries([...known, ...others]);
}

/**
 * A README with absolute links, which also work on npm's page.
 * @param {string} markdown
 * @param {string} folder  of the package
 */
export function withAbsoluteLinks(markdown, folder) {
  return markdown.replace(/\]\((?!https?:|#|mailto:)([^)\s#]+)(#[^)\s]*)?\)/g, (_, link, anchor = '') => {
    return `](${REPOSITORY}/blob/main/${path.join(folder, link)}${anchor})`;
  });
}

/**
 * Dependencies that no source imports or names. Those that only tests use belong to devDependencies.
 * @param {import('../check-imports/workspace.mjs').Member} member
 * @param {any} manifest
 * @param {string} text  of all its sources
 * @returns {string[]}
 */
export function unusedDependencies(member, manifest, text) {
  const imported = new Set(
    member.files
      .filter(({ path }) => path.startsWith(`${member.folder}/src/`))
      .flatMap(({ imports }) => imports.map(({ specifier }) => packageOf(specifier))),
  );
  return Object.keys(manifest.dependencies ?? {}).filter((name) => {
    return !imported.has(name) && !new RegExp(`['"\`]${name}['"\`/]`).test(text);
  });
}

/** @param {string} specifier */
const packageOf = (specifier) => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');

/**
 * Programs whose file does not begin with `start`, which prints an error on an old Node.
 * @param {any} manifest
 * @param {(file: string) => string} read  a file of the package
 * @returns {string[]} their names
 */
export function programsWithoutStart(manifest, read) {
  return Object.entries(manifest.bin ?? {}).flatMap(([name, file]) => {
    const guarded =
      file === `./bin/${name}.js` &&
      manifest.files?.includes('bin') &&
      read(file).startsWith(
        `#!/usr/bin/env node\nimport { start } from '@inplace-abn/cli/start';\n\nstart('${name}', `,
      ) &&
      read(file).match(/^import /gm)?.length === 1;
    return guarded ? [] : [name];
  });
}
