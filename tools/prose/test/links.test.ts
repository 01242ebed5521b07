import { describe, expect, it } from 'vitest';
import { brokenLinks } from '../links.mjs';

const texts = new Map([
  ['README.md', '[a](docs/a.md#how-it-works), [b](docs/b.md), [c](docs/a.md#why)\n```\n[d](no.md)\n```\n'],
  [
    'docs/a.md',
    '# A\n\n## How it works\n\n[up](../README.md) [here](#how-it-works) [site](https://example.com)',
  ],
  ['packages/x/README.md', '[a](https://github.com/inplace-abn/inplace-abn/blob/main/docs/c.md)'],
]);
const paths = new Set([...texts.keys(), 'docs', 'packages']);
const found = (file: string) => brokenLinks(file, texts, paths).map(({ advice }) => advice);

describe('brokenLinks', () => {
  it('finds missing files and headings, and none in code', () => {
    expect(found('README.md')).toEqual(['there is no docs/b.md', 'docs/a.md has no heading #why']);
  });

  it('accepts targets that exist, within the page, above it, and on other sites', () => {
    expect(found('docs/a.md')).toEqual([]);
  });

  it('follows absolute links into the repository', () => {
    expect(found('packages/x/README.md')).toEqual(['there is no docs/c.md']);
  });
});
