/** Recognizes folders of label maps and makes a configuration for them. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type LayoutName, layoutsOf, openLayout } from '@inplace-abn/data';
import { loadClasses, type Override, resolveConfig, type TrainConfig } from '@inplace-abn/recipes';

/** Class ids of label maps; 255 marks ignored pixels. */
const MOST_CLASSES = 255;

/**
 * A configuration for a folder, recognized by its contents: label maps, or class folders.
 *
 * @throws ConfigError for an override that no configuration may have
 */
export async function configIn(dir: string, overrides: readonly Override[]): Promise<TrainConfig> {
  return resolveConfig((await segmentationIn(dir)) ?? {}, dir, { overrides });
}

/** Undefined if the folder does not contain label maps. */
async function segmentationIn(dir: string): Promise<TrainConfig | undefined> {
  const [layout] = layoutsOf(dir);
  if (layout) return configOf(dir, await classesOf(dir, layout), layout);
  if (!['images', 'labels'].every((name) => existsSync(join(dir, 'train', name)))) return undefined;
  const list = join(dir, 'classes.json');
  const named = existsSync(list) ? (await loadClasses(list)).length : MOST_CLASSES;
  return configOf(dir, Math.min(named, MOST_CLASSES), 'folders');
}

async function classesOf(dir: string, layout: LayoutName): Promise<number> {
  // Opening the data sets later reports a missing file.
  return (await openLayout(layout, dir).catch(() => ({ classes: MOST_CLASSES }))).classes;
}

function configOf(dir: string, classes: number, layout: LayoutName | 'folders'): TrainConfig {
  return resolveConfig({ task: 'segmentation', network: { classes }, data: { layout } }, dir);
}
