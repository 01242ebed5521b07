/** The cache of decoded images that a configuration asks for. */
import { resolve } from 'node:path';
import { formatBytes } from '@inplace-abn/core';
import { type Cache, makeCacheMemory, openCacheFolder, type ShareOptions } from '@inplace-abn/data';
import type { DataConfig } from '../config/data.js';

/** The value of `data.cache` for memory instead of a folder. */
const RAM = 'ram';

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
  { cache: name, cache_limit }: Pick<DataConfig, 'cache' | 'cache_limit'>,
  { size }: ShareOptions,
): Promise<OpenedCache> {
  if (name === '') return { notes: [] };
  const limit = cache_limit === -1 ? undefined : cache_limit;
  if (name === RAM) {
    const cache = makeCacheMemory(limit, size);
    const each = size > 1 ? ' in each process' : '';
    return {
      cache,
      notes: [`decoded images are kept in memory, at most ${formatBytes(cache.limit)}${each}`],
    };
  }
  const path = resolve(dir, name);
  const cache = await openCacheFolder(path, limit, size);
  const { images, bytes } = cache.size();
  const held = `${images} images, ${formatBytes(bytes)} of at most ${formatBytes(cache.limit)}`;
  return { cache, notes: [`decoded images are kept in ${path}: ${held}`] };
}
