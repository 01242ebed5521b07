import { describe, expect, it } from 'vitest';
import { completed, programsWithoutStart, unusedDependencies, withAbsoluteLinks } from './rules.mjs';

describe('a published manifest', () => {
  const made = completed(
    { name: '@inplace-abn/a', exports: { '.': './dist/index.js' }, dependencies: {}, cpu: ['x64'] },
    { folder: 'packages/a', node: '>=20.15' },
  );

  it('states its origin and the systems it runs on', () => {
    expect(made).toMatchObject({
      bugs: expect.stringContaining('/issues'),
      repository: { directory: 'packages/a' },
      engines: { node: '>=20.15' },
      publishConfig: { access: 'public', provenance: true },
    });
  });

  it('exports itself, and keeps its own fields', () => {
    expect(made.exports).toEqual({ '.': './dist/index.js', './package.json': './package.json' });
    expect(made.cpu).toEqual(['x64']);
    expect(made).not.toHaveProperty('dependencies');
    expect(completed(made, { folder: 'packages/a', node: '>=20.15' })).toEqual(made);
  });
});

describe('unused dependencies', () => {
  const file = (path, ...specifiers) => ({
    path,
    imports: specifiers.map((specifier) => ({ specifier, line: 1, typeOnly: false })),
  });
  const member = {
    folder: 'packages/a',
    files: [file('packages/a/src/a.ts', 'zod/v4', '@x/y'), file('packages/a/test/a.test.ts', 'sharp')],
  };

  it('are dependencies that no import and no string in the sources names', () => {
    const dependencies = { zod: '1', '@x/y': '1', sharp: '1', font: '1', gone: '1' };
    expect(unusedDependencies(member, { dependencies }, "resolve('font/file.ttf')")).toEqual([
      'sharp',
      'gone',
    ]);
  });
});

it('programs start with a file that an old Node can parse', () => {
  const bin =
    "#!/usr/bin/env node\nimport { start } from '@inplace-abn/cli/start';\n\nstart('a', () => import('../dist/main.js'));\n";
  const manifest = { bin: { a: './bin/a.js' }, files: ['bin', 'dist'] };
  expect(programsWithoutStart(manifest, () => bin)).toEqual([]);
  expect(programsWithoutStart(manifest, () => `${bin}import 'b';\n`)).toEqual(['a']);
  expect(programsWithoutStart(manifest, () => "import '../dist/main.js';\n")).toEqual(['a']);
  expect(programsWithoutStart({ ...manifest, files: ['dist'] }, () => bin)).toEqual(['a']);
  expect(programsWithoutStart({ bin: { a: './dist/main.js' } }, () => bin)).toEqual(['a']);
  expect(programsWithoutStart({}, () => bin)).toEqual([]);
});

it('links in a README lead to the repository', () => {
  const markdown = '[a](../../docs/a.md#b) [b](https://example.org) [c](#c) [d](../core)';
  expect(withAbsoluteLinks(markdown, 'packages/nn')).toMatch(
    /^\[a\]\(https:\/\/\S+\/blob\/main\/docs\/a\.md#b\) \[b\]\(https:\/\/example\.org\) \[c\]\(#c\) \[d\]\(https:\/\/\S+\/packages\/core\)$/,
  );
});
