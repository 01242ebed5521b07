/** Every document has a page in the site, and every link and anchor leads somewhere. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { brokenIn } from '../check.mjs';
import { createHighlighter } from '../highlight.mjs';
import { renderMarkdown } from '../markdown.mjs';
import { navigationOf } from '../navigation.mjs';
import { addressOf, pageOf } from '../paths.mjs';
import { buildPages, PARTS, sources } from '../site.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), 'site-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('the site', () => {
  it('has a page for each Markdown file, whose links and anchors lead somewhere', async () => {
    const out = path.join(folder, 'pages');
    expect(await buildPages(out)).toBe(sources().length);
    const parts = PARTS.map((part) => `${part.folder}/index.html`);
    expect(brokenIn(out).filter((link) => !parts.some((part) => link.endsWith(part)))).toEqual([]);
    expect(readFileSync(path.join(out, 'docs/memory.html'), 'utf8')).toMatch(/aria-current="page">Memory/);
  });

  it('lists every document in the sidebar, ungrouped ones last', () => {
    const listed = navigationOf(sources()).flatMap(({ files }) => files);
    const documents = readdirSync(path.join(root, 'docs')).filter((name) => name.endsWith('.md'));
    expect(listed).toEqual(expect.arrayContaining(documents.map((name) => `docs/${name}`)));
    expect(sources()).toEqual(expect.arrayContaining(listed));
    expect(navigationOf(['docs/memory.md', 'docs/new.md']).flatMap(({ files }) => files)).toEqual([
      'docs/memory.md',
      'docs/new.md',
    ]);
  });
});

describe('addressOf', () => {
  const used: string[] = [];
  const site = {
    pages: new Set(['README.md', 'docs/a.md', 'packages/core/README.md']),
    folders: new Set(['native']),
    use: (image: string) => void used.push(image),
  };
  const repository = 'https://github.com/inplace-abn/inplace-abn';
  const from = (link: string, file = 'docs/a.md') => addressOf(file, link, site);

  it('links pages to pages', () => {
    expect(from('../README.md')).toBe('../index.html');
    expect(from('../packages/core#use')).toBe('../packages/core/index.html#use');
    expect(from('#there')).toBe('#there');
    expect(from('docs/a.md', 'README.md')).toBe('docs/a.html');
    expect(from(`${repository}/blob/main/docs/a.md#b`, 'packages/core/README.md')).toBe(
      '../../docs/a.html#b',
    );
  });

  it('links sources on GitHub, copies images and leaves other sites alone', () => {
    expect(from('../native')).toBe(`${repository}/tree/main/native`);
    expect(from('../scripts/site.mjs')).toBe(`${repository}/blob/main/scripts/site.mjs`);
    expect(from('https://example.com/a.md')).toBe('https://example.com/a.md');
    expect(from('map.svg')).toBe('map.svg');
    expect(used).toEqual(['docs/map.svg']);
  });

  it('turns the README of a folder into its index', () => {
    expect(['README.md', 'apps/predict/README.md', 'docs/a.md'].map(pageOf)).toEqual([
      'index.html',
      'apps/predict/index.html',
      'docs/a.html',
    ]);
  });
});

describe('renderMarkdown', () => {
  it('gives headings the anchors of GitHub, and highlights code', async () => {
    const highlight = await createHighlighter();
    const text = '# A `b`\n\n## Two words\n\n## Two words\n\n```ts\nlet a = 1 < 2;\n```\n\n```\n<b>\n```\n';
    const { title, headings, html } = renderMarkdown(text, { linkTo: (link) => link, highlight });
    expect(title).toBe('A b');
    expect(headings.map(({ id }) => id)).toEqual(['two-words', 'two-words-1']);
    expect(html).toContain('<h1 id="a-b">');
    expect(html).toMatch(/<span style="--light:#\w+;--dark:#\w+">let<\/span>/);
    expect(html).toContain('&lt;b&gt;');
  });
});

describe('brokenIn', () => {
  it('finds missing pages, images and anchors', () => {
    const out = path.join(folder, 'broken');
    mkdirSync(path.join(out, 'b'), { recursive: true });
    writeFileSync(
      path.join(out, 'a.html'),
      '<h1 id="top"><a href="#top"></a><a href="#no"></a><a href="b/c.html#x"></a><a href="b/c.html#y"></a><a class="k" href="d.html"></a><a href="https://example.com"></a>',
    );
    writeFileSync(path.join(out, 'b/c.html'), '<p id="x"><img src="../none.png"><a href="../a.html?q#top">');
    expect(brokenIn(out)).toEqual([
      'a.html: #no',
      'a.html: b/c.html#y',
      'a.html: d.html',
      'b/c.html: ../none.png',
    ]);
  });
});
