/**
 * The code in READMEs: fenced ts and js blocks, as modules with the line numbers of their README.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { quotedAt, ROOT } from './quotes.mjs';

export interface Snippet {
  /** README and line, as `packages/nn/README.md:6`. */
  readonly name: string;
  readonly language: 'ts' | 'js';
  /** Whether it runs. ```` ```ts no-run ```` needs a GPU, files or processes, and is only type-checked. */
  readonly runs: boolean;
  /** A unique file name. */
  readonly file: string;
  /** Preceded by as many empty lines as the README has lines before it. */
  readonly code: string;
}

/** The blocks of a README, without quotes of files, which are compiled and run themselves. */
export function snippetsOf(readme: string, text = readFileSync(path.join(ROOT, readme), 'utf8')): Snippet[] {
  const lines = text.split('\n');
  const quotes = quotedAt(text);
  return lines.flatMap((line, index): Snippet[] => {
    if (quotes.has(index + 1)) return [];
    const [, language, options] = /^```(ts|js)( no-run)?$/.exec(line) ?? [];
    if (language !== 'ts' && language !== 'js') return [];
    const end = lines.indexOf('```', index);
    const code = [...lines.slice(0, index + 1).map(() => ''), ...lines.slice(index + 1, end)].join('\n');
    return [
      {
        name: `${readme}:${index + 1}`,
        language,
        runs: options === undefined,
        file: `${readme.replaceAll(/[/.]/g, '-')}-${index + 1}.${language === 'ts' ? 'ts' : 'mjs'}`,
        // In a checkout packages are imported from their sources.
        code: code.replaceAll(/'\.\/packages\/([a-z-]+)\/dist\/index\.js'/g, "'@inplace-abn/$1'"),
      },
    ];
  });
}
