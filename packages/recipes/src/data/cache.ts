/** The cache of decoded images that a configuration asks for. */
import { resolve } from 'node:path';
import { formatBytes } from '@inplace-abn/core';
import { type Cache, makeCacheMemory, openCacheFolder, type ShareOptions } from '@inplace-abn/data';
import type { DataConfig } from '../config/data.js';

/** The value of `data.cache` for memory instead of a folder. */
const RAM = 'ram';

/** The folder that a configuration keeps decoded images in; undefined if it names none. */
export function cacheFolderOf(dir: string, { cache }: Pick<DataConfig, 'cache'>): string | undefined {
  return cache === '' || cache === RAM ? undefined : resolve(dir, cache);
}

export interface OpenedCache {
  readonly cache?: Cache;
  /** How much it holds and may hold. */
  readonly notes: readonly string[];
}

/**
 * @param dir data folder; the cache's folder is relative to it
 * @param share processes of the run, which divide the limit
 */
export async function openCache(
  dir: string,
  data: Pick<DataConfig, 'cache' | 'cache_limit'>,
  { size }: ShareOptions,
): Promise<OpenedCache> {
  const limit = data.cache_limit === -1 ? undefined : data.cache_limit;
  if (data.cache === RAM) {
    const cache = makeCacheMemory(limit, size);
    const each = size > 1 ? ' in each process' : '';
    return {
      cache,
      notes: [`decoded images are kept in memory, at most ${formatBytes(cache.limit)}${each}`],
    };
  }
  const path = cacheFolderOf(dir, data);
  if (path === undefined) return { notes: [] };
  const cache = await openCacheFolder(path, limit, size);
  const { images, bytes } = cache.size();
  const held = `${images} images, ${formatBytes(bytes)} of at most ${formatBytes(cache.limit)}`;
  return { cache, notes: [`decoded images are kept in ${path}: ${held}`] };
}
