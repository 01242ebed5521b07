import { expect, it } from 'vitest';
import { memberPatterns, publishedManifest } from './members.mjs';

it('members are those of pnpm-workspace.yaml', () => {
  expect(memberPatterns("packages:\n  - packages/*\n  - 'native'\n\nallowBuilds:\n  - x\n")).toEqual([
    'packages/*',
    'native',
  ]);
});

it('a published manifest has versions, and no fields of the checkout', () => {
  const manifest = {
    name: 'a',
    scripts: { build: 'tsup' },
    dependencies: { b: 'workspace:^', zod: '^4' },
    optionalDependencies: { c: 'workspace:*' },
    devDependencies: { d: '1' },
  };
  const versions = new Map([
    ['b', '0.1.0'],
    ['c', '0.2.0'],
  ]);
  expect(publishedManifest(manifest, versions)).toEqual({
    name: 'a',
    dependencies: { b: '^0.1.0', zod: '^4' },
    optionalDependencies: { c: '0.2.0' },
  });
});
