/** The package that brings the addon for one platform, with what it says of its files. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Platforms that have a package, with the oldest C library that its files run on. */
export const PREBUILT: Readonly<Record<string, { readonly glibc: string }>> = {
  'linux-x64': { glibc: '2.34' },
};

interface PackedFile {
  readonly bytes: number;
  readonly sha256: string;
}

const MANIFEST = 'files.json';

/** Of a platform as Node names it: `linux-x64`. */
export const prebuiltName = (platform: string): string => `@inplace-abn/native-${platform}`;

/**
 * The folder of an installed package; null where it is not installed, or is a checkout's without an addon.
 * `resolve`: of a require function.
 */
export function prebuiltFolder(name: string, resolve: (request: string) => string): string | null {
  try {
    const folder = dirname(resolve(`${name}/package.json`));
    return existsSync(join(folder, MANIFEST)) ? folder : null;
  } catch {
    return null;
  }
}

/**
 * Path of a file of the package. Loading a library that was cut off ends the process, so sizes are checked first.
 *
 * @throws {Error} where the file is not as long as it was packed
 */
export function prebuiltFile(folder: string, file: string): string {
  for (const [name, { bytes }] of packedFiles(folder)) {
    const found = statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0;
    if (found !== bytes) throw new Error(`${name} has ${found} bytes instead of ${bytes}`);
  }
  return join(folder, file);
}

/** Names of files that are not what was packed, by their SHA-256; reads all of them. */
export function tamperedFiles(folder: string): string[] {
  return packedFiles(folder)
    .filter(([name, { sha256 }]) => {
      const file = join(folder, name);
      return !existsSync(file) || createHash('sha256').update(readFileSync(file)).digest('hex') !== sha256;
    })
    .map(([name]) => name);
}

function packedFiles(folder: string): [string, PackedFile][] {
  const files: Record<string, PackedFile> = JSON.parse(readFileSync(join(folder, MANIFEST), 'utf8'));
  return Object.entries(files);
}
