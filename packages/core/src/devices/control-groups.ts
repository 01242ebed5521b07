/** The control groups (cgroups) of this process, of both versions. */
import { readFileSync } from 'node:fs';

/** Reads a text file without white space at its ends; the empty text if it cannot be read. */
export type ReadText = (path: string) => string;

/** A folder of the files of a control group. */
export interface GroupFolder {
  /** Version of the hierarchy, which decides the names of the files. */
  readonly version: 1 | 2;
  /** Path of the folder. */
  readonly path: string;
}

interface Mount {
  readonly version: 1 | 2;
  /** The part of the hierarchy that is mounted. */
  readonly root: string;
  readonly point: string;
}

/** Reads files below `root`, a folder that holds `proc` and `sys`; empty: those of the machine. */
export function textsBelow(root: string): ReadText {
  return (path) => {
    try {
      return readFileSync(`${root}${path}`, 'utf8').trim();
    } catch {
      return '';
    }
  };
}

/**
 * The process's control groups and their ancestors that it can see.
 *
 * @param controller of version 1, such as `memory`; version 2 has one hierarchy for all
 */
export function groupFolders(read: ReadText, controller: string): GroupFolder[] {
  const mounts = mountsIn(read('/proc/self/mountinfo'), controller);
  return read('/proc/self/cgroup')
    .split('\n')
    .flatMap((line) => {
      const [, controllers, path = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
      const version = controllers === '' ? 2 : controllers?.split(',').includes(controller) ? 1 : null;
      const mount = mounts.find((each) => each.version === version);
      return mount ? foldersOf(mount, path).map((folder) => ({ version: mount.version, path: folder })) : [];
    });
}

function mountsIn(mountinfo: string, controller: string): Mount[] {
  return mountinfo.split('\n').flatMap((line): Mount[] => {
    const [mount = '', system = ''] = line.split(' - ');
    const [, , , root = '', point = ''] = mount.split(' ');
    const [type, , options = ''] = system.split(' ');
    if (type === 'cgroup2') return [{ version: 2, root, point }];
    return type === 'cgroup' && options.split(',').includes(controller) ? [{ version: 1, root, point }] : [];
  });
}

/** Folders of the group `path` and its ancestors, down from the mount point. */
function foldersOf({ root, point }: Mount, path: string): string[] {
  const inside =
    root === '/' ? path : path === root || path.startsWith(`${root}/`) ? path.slice(root.length) : '';
  const names = inside.split('/').filter((name) => name !== '' && name !== '..');
  return [...names.keys(), names.length].map((count) => [point, ...names.slice(0, count)].join('/'));
}
