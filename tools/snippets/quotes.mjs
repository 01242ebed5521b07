// @ts-check
// Code blocks of READMEs that quote a file. A marker stands before the block:
//   <!-- from examples/quick-start.ts -->
//   <!-- from examples/quick-start.ts with inplace-abn -->     imports from the one package that people install, and no first comment
// node tools/snippets/quotes.mjs          lists blocks that differ from their files
// node tools/snippets/quotes.mjs --fix    rewrites them
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** READMEs of the repository, its packages and programs, and the documents. */
export function readmes() {
  const inFolders = ['packages', 'apps'].flatMap((folder) =>
    readdirSync(path.join(ROOT, folder)).map((name) => `${folder}/${name}/README.md`),
  );
  const documents = readdirSync(path.join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`);
  return ['README.md', ...inFolders, ...documents].filter((file) => existsSync(path.join(ROOT, file)));
}

const QUOTE = /^<!-- from (\S+?)( with inplace-abn)? -->\n\n```(\w+)\n(?:[^`]|`(?!``))*?^```$/gm;
const MARKER = /^<!-- from .*-->$/gm;

/**
 * The text with every quote replaced by its file.
 * @param {string} text
 * @param {(file: string) => string} read
 */
export function withQuotes(text, read = (file) => readFileSync(path.join(ROOT, file), 'utf8')) {
  const quotes = [...text.matchAll(QUOTE)];
  const markers = text.match(MARKER) ?? [];
  if (quotes.length !== markers.length) {
    throw new Error(
      'expected "<!-- from FILE -->" or "<!-- from FILE with inplace-abn -->", an empty line and a fenced block',
    );
  }
  return text.replace(QUOTE, (block, file, umbrella, language) => {
    const code = umbrella ? fromUmbrella(read(file)) : read(file);
    return `${block.slice(0, block.indexOf('\n'))}\n\n\`\`\`${language}\n${code.trimEnd()}\n\`\`\``;
  });
}

/** Lines of a text, counted from 1, at which the fences of quotes stand. @param {string} text */
export function quotedAt(text) {
  return new Set([...text.matchAll(QUOTE)].map(({ index }) => text.slice(0, index).split('\n').length + 2));
}

/** For readers without a checkout: drops the first line, which has a command for one. @param {string} code */
function fromUmbrella(code) {
  return code
    .replace(/^\/\/.*\n/, '')
    .replaceAll("'@inplace-abn/session'", "'inplace-abn'")
    .replaceAll(/'@inplace-abn\/([a-z]+)'/g, "'inplace-abn/$1'");
}

/** READMEs whose quotes differ from their files. @param {{ fix: boolean }} options */
export function staleReadmes({ fix }) {
  return readmes().filter((readme) => {
    const file = path.join(ROOT, readme);
    const text = readFileSync(file, 'utf8');
    const right = withQuotes(text);
    if (fix && right !== text) writeFileSync(file, right);
    return right !== text;
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const fix = process.argv.includes('--fix');
  const stale = staleReadmes({ fix });
  for (const readme of stale)
    process.stdout.write(`${readme}: ${fix ? 'written' : 'a quote is not as its file is'}\n`);
  if (stale.length > 0 && !fix) process.exitCode = 1;
}
