/** The platform's prebuilt package, and the manifest of its files. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Platforms that have a package, with the oldest glibc that it supports; null outside Linux. */
export const PREBUILT: Readonly<Record<string, { readonly glibc: string | null }>> = {
  'linux-x64': { glibc: '2.34' },
  'linux-arm64': { glibc: '2.34' },
  'darwin-arm64': { glibc: null },
  'win32-x64': { glibc: null },
};

interface PackedFile {
  readonly bytes: number;
  readonly sha256: string;
}

const MANIFEST = 'files.json';

/** Package name for a platform in Node's terms, such as `linux-x64`. */
export const prebuiltName = (platform: string): string => `@inplace-abn/native-${platform}`;

/**
 * The folder of an installed package; null if it is not installed, or is a checkout's own folder, which has
 * no addon. `resolve`: the `resolve` of a require function.
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
 * Path of a file of the package. Loading a truncated library would crash the process, so the sizes of all
 * files are checked first.
 *
 * @throws {Error} if a file is missing or does not have its packed size
 */
export function prebuiltFile(folder: string, file: string): string {
  for (const [name, { bytes }] of packedFiles(folder)) {
    const found = statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0;
    if (found !== bytes) throw new Error(`${name} has ${found} bytes instead of ${bytes}`);
  }
  return join(folder, file);
}

/** Names of files whose SHA-256 differs from the manifest. Reads every file in full. */
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
