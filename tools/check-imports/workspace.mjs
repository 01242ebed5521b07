// @ts-check
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

/**
 * @typedef {{ specifier: string, line: number, typeOnly: boolean }} Import
 * @typedef {{ path: string, imports: Import[] }} SourceFile  path relative to the root
 * @typedef {object} Member
 * @property {string} folder  relative to the root, such as packages/core
 * @property {string} name  from package.json
 * @property {{ dependencies: Set<string>, devDependencies: Set<string> }} declared
 * @property {SourceFile[]} files
 * @typedef {{ root: string, members: Member[], rootDependencies: Set<string> }} Workspace
 */

/**
 * Reads the packages and apps under `root` with the imports of each of their source and test files.
 * @param {string} root
 * @returns {Workspace}
 */
export function readWorkspace(root) {
  const members = ['packages', 'apps'].flatMap((group) =>
    listFolder(root, group)
      .map((name) => `${group}/${name}`)
      .filter((folder) => existsSync(path.join(root, folder, 'package.json')))
      .map((folder) => readMember(root, folder)),
  );
  const manifest = readManifest(root, '.');
  return { root, members, rootDependencies: names(manifest, ['dependencies', 'devDependencies']) };
}

/**
 * @param {string} root
 * @param {string} folder
 * @returns {Member}
 */
function readMember(root, folder) {
  const manifest = readManifest(root, folder);
  return {
    folder,
    name: manifest.name,
    declared: {
      dependencies: names(manifest, ['dependencies', 'peerDependencies', 'optionalDependencies']),
      devDependencies: names(manifest, ['devDependencies']),
    },
    files: ['src', 'test'].flatMap((part) => sourceFiles(root, `${folder}/${part}`)),
  };
}

/**
 * @param {string} root
 * @param {string} folder
 * @returns {SourceFile[]}
 */
function sourceFiles(root, folder) {
  return listFolder(root, folder, { recursive: true })
    .filter((name) => /\.[cm]?[jt]s$/.test(name))
    .map((name) => {
      const file = `${folder}/${name.split(path.sep).join('/')}`;
      return { path: file, imports: parseImports(file, readFileSync(path.join(root, file), 'utf8')) };
    });
}

/**
 * Every import of another module: import and export declarations, import() calls and import types. An
 * `import { type A }` counts as a real one: under verbatimModuleSyntax it loads the module.
 * @param {string} file
 * @param {string} text
 * @returns {Import[]}
 */
export function parseImports(file, text) {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
  /** @type {Import[]} */
  const imports = [];
  /** @param {ts.Node | undefined} node @param {boolean} typeOnly */
  const add = (node, typeOnly) => {
    if (!node || !ts.isStringLiteralLike(node)) return;
    const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
    imports.push({ specifier: node.text, line: line + 1, typeOnly });
  };
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, node.importClause?.isTypeOnly ?? false);
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isImportTypeNode(node))
      add(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, true);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], false);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return imports;
}

/**
 * @param {string} root
 * @param {string} folder
 * @param {{ recursive?: boolean }} [options]
 * @returns {string[]} names relative to the folder, sorted; none where it does not exist
 */
function listFolder(root, folder, { recursive = false } = {}) {
  const full = path.join(root, folder);
  return existsSync(full) ? readdirSync(full, { recursive, encoding: 'utf8' }).sort() : [];
}

/** @param {string} root @param {string} folder */
const readManifest = (root, folder) =>
  JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8'));

/**
 * @param {Record<string, Record<string, string> | undefined>} manifest
 * @param {string[]} fields
 * @returns {Set<string>}
 */
const names = (manifest, fields) => new Set(fields.flatMap((field) => Object.keys(manifest[field] ?? {})));
