// @ts-check
import { isBuiltin } from 'node:module';
import path from 'node:path';

/**
 * @typedef {import('./workspace.mjs').Workspace} Workspace
 * @typedef {import('./workspace.mjs').Member} Member
 */

/** Each package may import only those before it; apps come last and never import each other. */
export const ORDER = [
  'cli',
  'tensor',
  'checkpoint',
  'core',
  'cuda',
  'comm',
  'nn',
  'optim',
  'models',
  'interop',
  'data',
  'session',
  'train',
  'recipes',
];

/** The package that users install; it may import all packages and apps. */
const UMBRELLA = 'packages/inplace-abn';

const SCOPE = '@inplace-abn/';

/**
 * Checks order, declared dependencies and deep imports.
 * @param {Workspace} workspace
 * @returns {string[]} one sentence per problem, each starting with file:line
 */
export function checkPackages(workspace) {
  const unknown = workspace.members
    // One without sources, such as a platform's addon, imports nothing.
    .filter((member) => member.files.length > 0 && rank(member.folder) === -1)
    .map(
      (member) =>
        `${member.folder}/package.json:1: the package has no place in the order; add it to ORDER in tools/check-imports/rules.mjs`,
    );
  return [...unknown, ...workspace.members.flatMap((member) => checkMember(workspace, member))];
}

/**
 * @param {Workspace} workspace
 * @param {Member} member
 */
function checkMember(workspace, member) {
  const problems = [];
  for (const file of member.files) {
    const inTest = file.path.startsWith(`${member.folder}/test/`);
    for (const { specifier, line } of file.imports) {
      const problem = specifier.startsWith('.')
        ? checkRelative(workspace, member, file.path, specifier, inTest)
        : checkPackageImport(workspace, member, specifier, inTest);
      if (problem) problems.push(`${file.path}:${line}: ${problem}`);
    }
  }
  return problems;
}

/**
 * @param {Workspace} workspace
 * @param {Member} member
 * @param {string} file
 * @param {string} specifier
 * @param {boolean} inTest
 */
function checkRelative(workspace, member, file, specifier, inTest) {
  const target = path.posix.join(path.posix.dirname(file), specifier);
  if (target === member.folder || target.startsWith(`${member.folder}/`)) {
    return !inTest && target.startsWith(`${member.folder}/test/`)
      ? `src imports test code '${specifier}'`
      : undefined;
  }
  const owner = workspace.members.find(({ folder }) => target.startsWith(`${folder}/`));
  if (!owner) return inTest ? undefined : `'${specifier}' lies outside of the package`;
  if (!inTest || !target.startsWith(`${owner.folder}/test/`)) return deepImport(specifier, owner.name);
  return checkOrder(member, owner);
}

/**
 * @param {Workspace} workspace
 * @param {Member} member
 * @param {string} specifier
 * @param {boolean} inTest
 */
function checkPackageImport(workspace, member, specifier, inTest) {
  if (isBuiltin(specifier)) return undefined;
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  if (name === member.name) {
    // Processes started by tests run the built packages, like a user's program.
    return inTest ? undefined : `the package imports itself as '${specifier}'; use a relative path`;
  }

  const owner = workspace.members.find((other) => other.name === name);
  if (!owner && name.startsWith(SCOPE)) return `there is no package ${name}`;
  const outOfOrder = owner && checkOrder(member, owner);
  if (outOfOrder) return outOfOrder;
  if (owner && specifier !== name) return deepImport(specifier, name);

  const { dependencies, devDependencies } = member.declared;
  const declared =
    dependencies.has(name) || (inTest && (devDependencies.has(name) || workspace.rootDependencies.has(name)));
  if (declared) return undefined;
  const field = inTest ? 'devDependencies' : 'dependencies';
  return `'${name}' is not declared; add it to ${field} in ${member.folder}/package.json`;
}

/**
 * @param {Member} member
 * @param {Member} owner
 */
function checkOrder(member, owner) {
  if (rank(owner.folder) < rank(member.folder)) return undefined;
  const [from, to] = [path.posix.basename(member.folder), path.posix.basename(owner.folder)];
  return `${from} may not import ${to}: the order is ${ORDER.join(' < ')} < apps`;
}

/**
 * @param {string} specifier
 * @param {string} name
 */
const deepImport = (specifier, name) =>
  `'${specifier}' reaches into ${name}; import '${name}' and export there what is needed`;

/**
 * Place in the order; −1 for a package that has none.
 * @param {string} folder
 */
const rank = (folder) => {
  if (folder === UMBRELLA) return ORDER.length + 1;
  return folder.startsWith('apps/') ? ORDER.length : ORDER.indexOf(path.posix.basename(folder));
};
