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
 * A published manifest with what all of them have in common.
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
 * A README with links that lead somewhere from npm's page, too.
 * @param {string} markdown
 * @param {string} folder  of the package
 */
export function withAbsoluteLinks(markdown, folder) {
  return markdown.replace(/\]\((?!https?:|#|mailto:)([^)\s#]+)(#[^)\s]*)?\)/g, (_, link, anchor = '') => {
    return `](${REPOSITORY}/blob/main/${path.join(folder, link)}${anchor})`;
  });
}

/**
 * Dependencies that no source imports or names; what only tests use belongs to devDependencies.
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
 * Programs whose file is not one that an old Node understands and that says so.
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
