import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findCycles } from './cycles.mjs';
import { findFolderCycles } from './folders.mjs';
import { checkPackages } from './rules.mjs';
import { parseImports, readWorkspace } from './workspace.mjs';

let root;

beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'check-imports-'));
  write('package.json', { devDependencies: { vitest: '4' } });
});
afterEach(() => rmSync(root, { recursive: true }));

function write(file, content) {
  const full = path.join(root, file);
  mkdirSync(path.dirname(full), { recursive: true });
  writeFileSync(full, typeof content === 'string' ? content : JSON.stringify(content));
}

function member(folder, { dependencies = [], files }) {
  const name = `@inplace-abn/${path.basename(folder)}`;
  write(`${folder}/package.json`, {
    name,
    dependencies: Object.fromEntries(dependencies.map((d) => [d, '1'])),
  });
  for (const [file, text] of Object.entries(files)) write(`${folder}/${file}`, text);
}

const problems = () => {
  const workspace = readWorkspace(root);
  return [...checkPackages(workspace), ...findCycles(workspace), ...findFolderCycles(workspace)];
};

describe('packages', () => {
  it('accepts declared imports in order', () => {
    member('packages/core', { files: { 'src/index.ts': "import fs from 'node:fs';\nexport const a = fs;" } });
    member('packages/nn', {
      dependencies: ['@inplace-abn/core', 'zod'],
      files: {
        'src/index.ts':
          "import { a } from '@inplace-abn/core';\nimport { z } from 'zod/v4';\nexport { a, z };",
        'test/a.test.ts':
          "import { it } from 'vitest';\nimport '../src/index.js';\nimport '../../core/test/support.js';",
      },
    });
    member('apps/train', {
      dependencies: ['@inplace-abn/nn'],
      files: { 'src/main.ts': "export * from '@inplace-abn/nn';" },
    });
    expect(problems()).toEqual([]);
  });

  it('refuses an import against the order, even of types, with file and line', () => {
    member('packages/core', {
      dependencies: ['@inplace-abn/nn'],
      files: { 'src/index.ts': "\nimport type { Module } from '@inplace-abn/nn';" },
    });
    member('packages/nn', { files: { 'src/index.ts': '' } });
    expect(problems()).toEqual([
      expect.stringMatching(
        /^packages\/core\/src\/index\.ts:2: core may not import nn: the order is cli < tensor/,
      ),
    ]);
  });

  it('refuses an import between apps', () => {
    member('apps/a', {
      dependencies: ['@inplace-abn/b'],
      files: { 'src/main.ts': "import '@inplace-abn/b';" },
    });
    member('apps/b', { files: { 'src/main.ts': '' } });
    expect(problems()).toEqual([expect.stringContaining('a may not import b')]);
  });

  it('refuses an undeclared dependency, and one that only tests may use', () => {
    member('packages/data', { files: { 'src/index.ts': "import 'sharp';\nimport 'vitest';" } });
    expect(problems()).toEqual([
      "packages/data/src/index.ts:1: 'sharp' is not declared; add it to dependencies in packages/data/package.json",
      expect.stringContaining("'vitest' is not declared"),
    ]);
  });

  it('refuses deep imports by name, by path and from tests', () => {
    member('packages/core', { files: { 'src/index.ts': '', 'src/plan.ts': '' } });
    member('packages/nn', {
      dependencies: ['@inplace-abn/core'],
      files: {
        'src/a.ts': "import '@inplace-abn/core/src/plan.js';",
        'src/b.ts': "import '../../core/src/plan.js';",
        'src/c.ts': "import '../test/support.js';",
        'test/a.test.ts': "import '../../core/src/plan.js';",
      },
    });
    expect(problems()).toEqual([
      expect.stringContaining("src/a.ts:1: '@inplace-abn/core/src/plan.js' reaches into @inplace-abn/core"),
      expect.stringContaining("src/b.ts:1: '../../core/src/plan.js' reaches into @inplace-abn/core"),
      expect.stringContaining("src/c.ts:1: src imports test code '../test/support.js'"),
      expect.stringContaining("test/a.test.ts:1: '../../core/src/plan.js' reaches into @inplace-abn/core"),
    ]);
  });

  it('refuses a package without a place in the order, and one that does not exist', () => {
    member('packages/extra', { files: { 'src/index.ts': "import '@inplace-abn/gone';" } });
    expect(problems()).toEqual([
      expect.stringContaining('packages/extra/package.json:1: the package has no place in the order'),
      expect.stringContaining('there is no package @inplace-abn/gone'),
    ]);
  });
});

describe('cycles', () => {
  it('names the whole cycle once', () => {
    member('packages/core', {
      files: {
        'src/index.ts': "export * from './a.js';",
        'src/a.ts': "import { b } from './b.js';\nexport const a = b;",
        'src/b.ts': "import { c } from './c.js';\nexport const b = c;",
        'src/c.ts': "export const c = 1;\nexport { a } from './a.js';",
      },
    });
    expect(problems()).toEqual(['packages/core/src/a.ts:1: import cycle: a.ts → b.ts → c.ts → a.ts']);
  });

  it('ignores type-only imports', () => {
    member('packages/core', {
      files: {
        'src/a.ts': "import type { B } from './b.js';\nexport type A = B;",
        'src/b.ts': "import type { A } from './a.js';\nexport type { A } from './a.js';\nexport type B = A;",
      },
    });
    expect(problems()).toEqual([]);
  });
});

describe('cycles of folders', () => {
  it('counts type-only imports, and names the cycle with its imports and the knot around it', () => {
    member('packages/core', {
      files: {
        'src/index.ts': "export * from './plan/plan.js';",
        'src/plan/plan.ts': "import type { Op } from '../ops/op.js';\nexport type Plan = Op;",
        'src/plan/size.ts': 'export type Size = number;',
        'src/ops/op.ts': "import type { Size } from '../plan/size.js';\nexport type Op = Size;",
        'src/ops/add.ts': "import type { Pass } from '../passes/pass.js';\nexport type Add = Pass;",
        'src/passes/pass.ts': "\nimport type { Op } from '../ops/op.js';\nexport type Pass = Op;",
      },
    });
    expect(problems()).toEqual([
      'packages/core/src/ops/add.ts:1: cycle of folders: src/ops → src/passes → src/ops ' +
        '(packages/core/src/ops/add.ts:1, packages/core/src/passes/pass.ts:2); ' +
        'the knot has 3 folders: src/ops, src/passes, src/plan',
    ]);
  });

  it('counts files directly in src as one folder, and nested folders separately', () => {
    member('packages/core', {
      files: {
        'src/index.ts': "export * from './ops/op.js';\nexport * from './shape.js';",
        'src/run.ts': "import { op } from './ops/op.js';\nexport const run = op;",
        'src/shape.ts': 'export const shape = 1;',
        'src/ops/op.ts': "import { shape } from '../shape.js';\nexport const op = shape;",
      },
    });
    member('packages/nn', {
      files: {
        'src/page/page.ts': "export { cell } from './table/cell.js';",
        'src/page/table/cell.ts': "import { row } from './row.js';\nexport const cell = row;",
        'src/page/table/row.ts': 'export const row = 1;',
      },
    });
    expect(problems()).toEqual([
      expect.stringContaining(
        'cycle of folders: src → src/ops → src (packages/core/src/run.ts:1, packages/core/src/ops/op.ts:1)',
      ),
    ]);
  });
});

describe('parseImports', () => {
  it('finds every form, and distinguishes types from values', () => {
    const text = [
      "import './side-effect.js';",
      "import { type A } from './inline.js';",
      "import type { B } from './type.js';",
      "export type { C } from './type-export.js';",
      "const later = await import('./dynamic.js');",
      "let t: import('./in-type.js').T;",
      "// import './comment.js';",
      'const text = "import \'./string.js\'";',
    ].join('\n');
    expect(
      parseImports('a.ts', text).map(({ specifier, line, typeOnly }) => `${line} ${specifier} ${typeOnly}`),
    ).toEqual([
      '1 ./side-effect.js false',
      '2 ./inline.js false',
      '3 ./type.js true',
      '4 ./type-export.js true',
      '5 ./dynamic.js false',
      '6 ./in-type.js true',
    ]);
  });
});
