/** The comments that the reference requires, on a package with one file. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { newFolder } from '../vitest/new-folder.js';
import { buildReference } from './reference.mjs';

const MANIFEST = { name: 'sample', type: 'module' };
const TSCONFIG = {
  compilerOptions: { module: 'nodenext', strict: true, types: [] },
  files: ['src/index.ts'],
};

/** Names without a comment. */
async function undocumented(source: string): Promise<string[]> {
  const folder = await newFolder('reference');
  await mkdir(join(folder, 'src'));
  await writeFile(join(folder, 'package.json'), JSON.stringify(MANIFEST));
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(TSCONFIG));
  await writeFile(join(folder, 'src', 'index.ts'), source);
  const warnings = await buildReference({
    entryPoints: [join(folder, 'src', 'index.ts')],
    tsconfig: join(folder, 'tsconfig.json'),
    packagesRequiringDocumentation: ['sample'],
  });
  return warnings.map((warning) => warning.replace(/ \(.*/s, '')).sort();
}

it('requires comments on properties, constructors and return values', async () => {
  const source = `
    /** A size. */
    export interface Size {
      readonly width: number;
      /** In pixels. */
      readonly height: number;
    }
    /** A box. */
    export class Box {
      constructor(
        /** Its size. */
        readonly size: Size,
      ) {}
    }
    /** Both sides. */
    export function sides(): { first: number } {
      return { first: 1 };
    }
  `;
  expect(await undocumented(source)).toEqual(['Box.constructor', 'Size.width', 'sides.__type.first']);
});

it('takes the comments of table fields from the type that the table satisfies', async () => {
  const source = `
    /** Of a network. */
    export interface Structure {
      /** Blocks by module. */
      readonly blocks: readonly number[];
    }
    /** By name. */
    export const NETWORKS = {
      /** The smallest. */
      one: { blocks: [1] },
      two: { blocks: [2] },
    } satisfies Record<string, Structure>;
    /** The same without a type. */
    export const OTHERS = {
      /** One. */
      one: { blocks: [1] },
    };
  `;
  expect(await undocumented(source)).toEqual(['NETWORKS.__type.two', 'OTHERS.__type.one.__type.blocks']);
});
