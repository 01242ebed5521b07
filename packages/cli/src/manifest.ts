import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Path of the nearest package.json, in a folder or above it. */
export function nearestManifest(folder: string): string | undefined {
  const path = join(folder, 'package.json');
  if (existsSync(path)) return path;
  const parent = dirname(folder);
  return parent === folder ? undefined : nearestManifest(parent);
}

/** The version of a module's package. */
export function versionOf(moduleUrl: string): string {
  const path = nearestManifest(dirname(fileURLToPath(moduleUrl)));
  if (path === undefined) return 'unknown';
  const { version } = JSON.parse(readFileSync(path, 'utf8')) as { version?: string };
  return version ?? 'unknown';
}
