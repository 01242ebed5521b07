/** The code in READMEs compiles in strict TypeScript, and runs. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { typeErrors } from '../check-types.js';
import { ROOT, readmes, staleReadmes, withQuotes } from '../quotes.mjs';
import { snippetsOf } from '../snippets.js';

const snippets = readmes().flatMap((readme) => snippetsOf(readme));
/** Inside the repository, so that its packages are found. */
const folder = path.join(ROOT, '.cache', 'snippets');
const fileOf = ({ file }: { file: string }) => path.join(folder, file);

beforeAll(() => {
  mkdirSync(folder, { recursive: true });
  for (const snippet of snippets) writeFileSync(fileOf(snippet), snippet.code);
});

describe('snippets', () => {
  it('are found with their lines and options', () => {
    const text = 'Text\n```ts\nlet a;\n```\n```js no-run\nb();\n```\n```sh\nls\n```';
    expect(snippetsOf('docs/x.md', text)).toEqual([
      { name: 'docs/x.md:2', language: 'ts', runs: true, file: 'docs-x-md-2.ts', code: '\n\nlet a;' },
      { name: 'docs/x.md:5', language: 'js', runs: false, file: 'docs-x-md-5.mjs', code: '\n\n\n\n\nb();' },
    ]);
    expect(snippets.filter(({ runs }) => runs).length).toBeGreaterThan(10);
  });

  it('that quote a file match it', () => {
    expect(staleReadmes({ fix: false }), 'run node tools/snippets/quotes.mjs --fix').toEqual([]);
  });

  it('that quote a file are generated from it, with imports from one package on request', () => {
    const code =
      "// A program.\nimport { Session } from '@inplace-abn/session';\nimport { sgd } from '@inplace-abn/optim';\n";
    const text = (marker: string, body: string) =>
      `A\n\n<!-- from ${marker} -->\n\n\`\`\`ts\n${body}\`\`\`\n\nB\n`;
    expect(withQuotes(text('a.ts', 'old\n'), () => code)).toBe(text('a.ts', code));
    expect(withQuotes(text('a.ts', ''), () => code)).toBe(text('a.ts', code));
    expect(withQuotes(text('a.ts with inplace-abn', 'old\n'), () => code)).toBe(
      text(
        'a.ts with inplace-abn',
        "import { Session } from 'inplace-abn';\nimport { sgd } from 'inplace-abn/optim';\n",
      ),
    );
    expect(snippetsOf('docs/x.md', text('a.ts', 'old\n'))).toEqual([]);
    expect(() => withQuotes('<!-- from a.ts -->\ntext')).toThrow('an empty line and a fenced block');
  });

  it('in TypeScript have no type errors', () => {
    expect(typeErrors(snippets.filter(({ language }) => language === 'ts').map(fileOf))).toEqual([]);
  });
});

describe('snippets run', () => {
  const before = process.cwd();
  const workplace = mkdtempSync(path.join(tmpdir(), 'snippets-'));
  beforeAll(() => process.chdir(workplace));
  beforeEach(() => {
    for (const method of ['log', 'warn'] as const) vi.spyOn(console, method).mockImplementation(() => {});
    for (const stream of [process.stdout, process.stderr]) vi.spyOn(stream, 'write').mockReturnValue(true);
  });
  afterEach(() => vi.restoreAllMocks());
  afterAll(() => {
    process.chdir(before);
    rmSync(workplace, { recursive: true });
  });

  it.each(snippets.filter(({ runs }) => runs))('$name', async (snippet) => {
    await import(pathToFileURL(fileOf(snippet)).href);
  });
});
