import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nearestManifest } from '@inplace-abn/cli';
import { availableProcessors, processorName } from '@inplace-abn/core';

/** The software and machine of a run. */
export interface Versions {
  /** Version of Node, such as `v20.15.0`. */
  node: string;
  /** Operating system and CPU, such as `linux-x64`. */
  platform: string;
  /** Model of the CPU. */
  cpu: string;
  /** CPUs available to this process. */
  cores: number;
  /** Total memory of the machine. */
  memoryBytes: number;
  /** Versions of the packages, by name. */
  packages: Record<string, string>;
}

interface Manifest {
  name?: string;
  version?: string;
  dependencies?: Record<string, string>;
}

/**
 * Describes the machine and the packages of a program: its own, all of ours that it depends on, and their
 * direct dependencies.
 *
 * @param program `import.meta.url` of the program
 */
export function collectVersions(program: string): Versions {
  const packages = new Map<string, string>();
  collectPackages(nearestManifest(dirname(fileURLToPath(program))), packages);
  return {
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    cpu: processorName(),
    cores: availableProcessors(),
    memoryBytes: totalmem(),
    packages: Object.fromEntries([...packages].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

function collectPackages(path: string | undefined, found: Map<string, string>): void {
  if (path === undefined) return;
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as Manifest;
  if (manifest.name === undefined || found.has(manifest.name)) return;
  found.set(manifest.name, manifest.version ?? 'unknown');
  for (const name of Object.keys(manifest.dependencies ?? {})) {
    const folders = createRequire(path).resolve.paths(name) ?? [];
    const dependency = folders.map((folder) => join(folder, name, 'package.json')).find(existsSync);
    if (dependency === undefined) continue;
    if (name.startsWith('@inplace-abn/')) collectPackages(dependency, found);
    else found.set(name, (JSON.parse(readFileSync(dependency, 'utf8')) as Manifest).version ?? 'unknown');
  }
}
