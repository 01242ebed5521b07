// @ts-check
import path from 'node:path';

/** @typedef {{ to: string, line: number }} Edge */

/**
 * Cycles of imports between files of a package; type-only imports vanish at run time and do not count.
 * @param {import('./workspace.mjs').Workspace} workspace
 * @returns {string[]} one message per cycle, starting with file:line of its first import
 */
export function findCycles(workspace) {
  return workspace.members.flatMap((member) => cyclesOf(edgesBetween(member.files)));
}

/**
 * @param {import('./workspace.mjs').SourceFile[]} files
 * @returns {Map<string, Edge[]>}
 */
function edgesBetween(files) {
  const known = new Set(files.map((file) => file.path));
  return new Map(
    files.map((file) => [
      file.path,
      file.imports
        .filter(({ specifier, typeOnly }) => specifier.startsWith('.') && !typeOnly)
        .map(({ specifier, line }) => ({ to: resolve(file.path, specifier, known), line }))
        .filter(({ to }) => known.has(to)),
    ]),
  );
}

/**
 * The source file that an import names: './a.js' means a.ts where that exists.
 * @param {string} from
 * @param {string} specifier
 * @param {Set<string>} known
 */
export function resolve(from, specifier, known) {
  const target = path.posix.join(path.posix.dirname(from), specifier);
  const source = target.replace(/\.([cm]?)js$/, '.$1ts');
  return known.has(source) ? source : target;
}

/**
 * Depth-first search; each import that leads back into the path being walked closes one cycle.
 * @param {Map<string, Edge[]>} edges
 */
function cyclesOf(edges) {
  /** @type {string[]} */
  const cycles = [];
  /** @type {Set<string>} */
  const done = new Set();
  /** @type {{ file: string, line: number }[]} */
  const trail = [];
  /** @param {string} file */
  const walk = (file) => {
    for (const { to, line } of edges.get(file) ?? []) {
      const start = [...trail.map((step) => step.file), file].indexOf(to);
      if (start >= 0) {
        const steps = [...trail, { file, line }].slice(start);
        const first = steps[0] ?? { file, line };
        const names = [...steps.map((step) => path.posix.basename(step.file)), path.posix.basename(to)];
        cycles.push(`${first.file}:${first.line}: import cycle: ${names.join(' → ')}`);
      } else if (!done.has(to)) {
        trail.push({ file, line });
        walk(to);
        trail.pop();
      }
    }
    done.add(file);
  };
  for (const file of edges.keys()) if (!done.has(file)) walk(file);
  return cycles;
}
