/** inplace-abn new: copies the template. */
import { cp, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CommandLineError, nearestManifest } from '@inplace-abn/cli';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

/**
 * Writes a project that trains a network on drawn images, for the user to replace with their own.
 *
 * @throws {CommandLineError} if the folder is not empty, or cannot be read
 */
export async function createProject(folder: string): Promise<void> {
  const found = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new CommandLineError(`${folder} cannot be used: ${error.message}`);
  });
  if (found.length > 0) throw new CommandLineError(`${folder} is not empty: name a new folder`);
  const manifest = nearestManifest(dirname(fileURLToPath(import.meta.url)));
  if (manifest === undefined)
    throw new Error('inplace-abn is installed without its package.json: reinstall it');
  await mkdir(folder, { recursive: true });
  await cp(join(dirname(manifest), 'template'), folder, { recursive: true });
  // npm packs no .gitignore.
  await rename(join(folder, 'gitignore'), join(folder, '.gitignore'));
  const { version } = await read(manifest);
  const project = await read(join(folder, 'package.json'));
  const created = {
    ...project,
    name: packageName(folder),
    dependencies: { ...project.dependencies, 'inplace-abn': `^${version}` },
  };
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(created, null, 2)}\n`);
}

/** The folder's name, reduced to characters that npm allows. */
export function packageName(folder: string): string {
  const name = basename(resolve(folder))
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+/, '');
  return name || 'training';
}

async function read(file: string): Promise<Manifest> {
  return JSON.parse(await readFile(file, 'utf8')) as Manifest;
}
