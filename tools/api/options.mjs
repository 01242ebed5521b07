// @ts-check
// TypeDoc's options: one reference of all public packages, by the entry points of their manifests.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** @typedef {{ name: string, entries: string[] }} PublicPackage */

/** Packages that export something, with the sources of what they export. @returns {PublicPackage[]} */
function publicPackages() {
  return readdirSync(path.join(root, 'packages')).flatMap((folder) => {
    const at = path.join(root, 'packages', folder);
    const { name, exports = {} } = JSON.parse(readFileSync(path.join(at, 'package.json'), 'utf8'));
    const files = Object.values(exports).flatMap((target) => target.default ?? []);
    if (files.length === 0) return [];
    // The umbrella's other entries only re-export packages.
    const own = name === 'inplace-abn' ? files.slice(0, 1) : files;
    const source = (/** @type {string} */ file) => path.join(at, 'src', `${path.basename(file, '.js')}.ts`);
    return [{ name, entries: own.map(source) }];
  });
}

/**
 * @param {{ out?: string }} [options] nothing is written without `out`
 * @returns {import('typedoc').TypeDocOptions}
 */
export function typedocOptions({ out } = {}) {
  const packages = publicPackages();
  return {
    name: 'inplace-abn',
    entryPoints: packages.flatMap(({ entries }) => entries),
    tsconfig: path.join(root, 'tsconfig.json'),
    basePath: root,
    // A source archive has no git history. Paths are relative to packages/.
    disableGit: true,
    gitRevision: 'main',
    sourceLinkTemplate:
      'https://github.com/inplace-abn/inplace-abn/blob/{gitRevision}/packages/{path}#L{line}',
    readme: 'none',
    // Its page lacks the anchors of interfaces that extend a type, and every class names its parents anyway.
    includeHierarchySummary: false,
    // tsc checks types.
    skipErrorChecking: true,
    validation: { notDocumented: true, invalidLink: true, notExported: true },
    packagesRequiringDocumentation: packages.map(({ name }) => name),
    requiredToBeDocumented: [
      'Enum',
      'Variable',
      'Function',
      'Class',
      'Interface',
      'Constructor',
      'Property',
      'Method',
      'Accessor',
      'TypeAlias',
    ],
    ...(out === undefined ? {} : { out }),
  };
}
