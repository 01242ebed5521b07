// @ts-check
import path from 'node:path';
import { resolve } from './cycles.mjs';

/** @typedef {{ from: string, line: number }} Place  the import that makes an edge */
/** @typedef {Map<string, Map<string, Place>>} Graph  folder → folder it imports from → first such import */

/**
 * Cycles of imports between the folders of a package's src, type-only imports included, because a reader of a
 * folder also reads the folders that it imports from. Files directly in src are the folder `src`, except
 * index.ts, which no file imports.
 * @param {import('./workspace.mjs').Workspace} workspace
 * @returns {string[]} one message per strongly connected set of folders: file:line of an import in it, and a
 * shortest cycle
 */
export function findFolderCycles(workspace) {
  return workspace.members.flatMap((member) => {
    const graph = edgesBetween(member);
    return knots(graph).map((knot) => describe(knot, graph));
  });
}

/**
 * @param {import('./workspace.mjs').Member} member
 * @returns {Graph}
 */
function edgesBetween({ folder, files }) {
  const root = `${folder}/src`;
  const sources = files.filter((file) => file.path.startsWith(`${root}/`));
  const known = new Set(sources.map((file) => file.path));
  /** @param {string} file */
  const folderOf = (file) => path.posix.relative(path.posix.dirname(root), path.posix.dirname(file));
  /** @type {Graph} */
  const graph = new Map();
  for (const file of sources) {
    if (file.path === `${root}/index.ts`) continue;
    const from = folderOf(file.path);
    const edges = graph.get(from) ?? new Map();
    graph.set(from, edges);
    for (const { specifier, line } of file.imports) {
      if (!specifier.startsWith('.')) continue;
      const target = resolve(file.path, specifier, known);
      const to = folderOf(target);
      if (known.has(target) && to !== from && !edges.has(to)) edges.set(to, { from: file.path, line });
    }
  }
  return graph;
}

/**
 * Sets of folders that all reach each other, by Tarjan's algorithm.
 * @param {Graph} graph
 * @returns {string[][]}
 */
function knots(graph) {
  /** @type {Map<string, number>} */
  const order = new Map();
  /** @type {Map<string, number>} */
  const low = new Map();
  /** @type {string[]} */
  const stack = [];
  /** @type {string[][]} */
  const found = [];
  /** @param {string} node */
  const visit = (node) => {
    order.set(node, order.size);
    low.set(node, order.get(node) ?? 0);
    stack.push(node);
    for (const next of graph.get(node)?.keys() ?? []) {
      if (!order.has(next)) visit(next);
      // A folder that has left the stack belongs to a complete set.
      if (stack.includes(next)) low.set(node, Math.min(low.get(node) ?? 0, low.get(next) ?? 0));
    }
    if (low.get(node) !== order.get(node)) return;
    const knot = stack.splice(stack.indexOf(node));
    if (knot.length > 1) found.push(knot.sort());
  };
  for (const node of graph.keys()) if (!order.has(node)) visit(node);
  return found;
}

/**
 * @param {string[]} knot
 * @param {Graph} graph
 */
function describe(knot, graph) {
  const cycles = knot.map((start) => shortestCycle(start, knot, graph));
  const [first = []] = cycles.sort((a, b) => a.length - b.length);
  const steps = first.map((folder, i) => {
    const place = graph.get(folder)?.get(first[(i + 1) % first.length] ?? '');
    return { folder, at: place ? `${place.from}:${place.line}` : '' };
  });
  const names = [...first, first[0]].join(' → ');
  const rest = knot.length > first.length ? `; the knot has ${knot.length} folders: ${knot.join(', ')}` : '';
  const imports = steps.map(({ at }) => at).join(', ');
  return `${steps[0]?.at}: cycle of folders: ${names} (${imports})${rest}`;
}

/**
 * Breadth-first search from a folder back to itself.
 * @param {string} start
 * @param {string[]} knot
 * @param {Graph} graph
 */
function shortestCycle(start, knot, graph) {
  const paths = [[start]];
  const seen = new Set();
  for (const trail of paths) {
    for (const next of graph.get(trail.at(-1) ?? '')?.keys() ?? []) {
      if (next === start) return trail;
      if (!knot.includes(next) || seen.has(next)) continue;
      seen.add(next);
      paths.push([...trail, next]);
    }
  }
  return knot;
}
