/**
 * Expands patterns of file names that the shell did not expand: `*`, `?`, `[a-z]`, `{jpg,png}` within a name,
 * and `**` for folders.
 */
import { join } from 'node:path';
import { compareCodePoints, DataError, listFolder } from '@inplace-abn/data';

/** Whether a text contains a pattern character. */
export function isPattern(text: string): boolean {
  return /[*?[{]/.test(text);
}

/** The files that match a pattern, folder by folder, sorted by name. Hidden files are skipped. */
export async function* filesMatching(pattern: string): AsyncGenerator<string, void, void> {
  const absolute = pattern.startsWith('/');
  const parts = pattern.split('/').filter((part) => part !== '' && part !== '.');
  yield* below(absolute ? '/' : '', parts);
}

async function* below(
  folder: string,
  [part, ...rest]: readonly string[],
): AsyncGenerator<string, void, void> {
  if (part === undefined) return;
  if (part === '**') yield* below(folder, rest);
  else if (!isPattern(part) && rest.length > 0) return yield* below(join(folder, part), rest);
  const matches = part === '**' ? null : new RegExp(`^${sourceOf(part)}$`, 'u');
  for (const { name, kind, isLink } of await entriesOf(folder)) {
    const path = join(folder, name);
    if (matches === null) {
      // A link may point to one of its own parents.
      if (kind === 'folder' && !isLink) yield* below(path, [part, ...rest]);
    } else if (matches.test(name)) {
      if (rest.length > 0 && kind === 'folder') yield* below(path, rest);
      if (rest.length === 0 && kind === 'file') yield path;
    }
  }
}

async function entriesOf(folder: string) {
  const entries = await listFolder(folder || '.', 'folder').catch((error: unknown) => {
    if (error instanceof DataError) return [];
    throw error;
  });
  return entries.sort((a, b) => compareCodePoints(a.name, b.name));
}

/** The regular expression for the pattern of one name. */
function sourceOf(pattern: string): string {
  const tokens = pattern.match(/\[[!^]?\]?[^\]]*\]|\{[^{}]*\}|[\s\S]/gu) ?? [];
  return tokens
    .map((token) => {
      if (token === '*') return '.*';
      if (token === '?') return '.';
      if (token.length > 1 && token.startsWith('[')) {
        return `[${token.slice(1, -1).replace(/^!/, '^').replaceAll('\\', '\\\\')}]`;
      }
      if (token.length > 1 && token.startsWith('{')) {
        return `(?:${token.slice(1, -1).split(',').map(sourceOf).join('|')})`;
      }
      return token.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&');
    })
    .join('');
}
