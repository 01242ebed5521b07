/** Data sets of label maps, as a configuration names them or as a folder looks. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type LayoutName, layoutsOf, openLayout } from '@inplace-abn/data';
import { loadClasses, resolveConfig, type TrainConfig } from '@inplace-abn/recipes';

/** Class ids of label maps: 255 stands for pixels that do not count. */
const MOST_CLASSES = 255;

/** The configuration of a folder by its looks: of label maps, or of images of classes. */
export async function configIn(dir: string): Promise<TrainConfig> {
  return (await segmentationIn(dir)) ?? resolveConfig({}, dir);
}

/** Undefined for a folder that does not look like one of label maps. */
async function segmentationIn(dir: string): Promise<TrainConfig | undefined> {
  const [layout] = layoutsOf(dir);
  if (layout) return configOf(dir, await classesOf(dir, layout), layout);
  if (!['images', 'labels'].every((name) => existsSync(join(dir, 'train', name)))) return undefined;
  const list = join(dir, 'classes.json');
  const named = existsSync(list) ? (await loadClasses(list)).length : MOST_CLASSES;
  return configOf(dir, Math.min(named, MOST_CLASSES), 'folders');
}

async function classesOf(dir: string, layout: LayoutName): Promise<number> {
  // Opening the data sets names a file that is missing.
  return (await openLayout(layout, dir).catch(() => ({ classes: MOST_CLASSES }))).classes;
}

function configOf(dir: string, classes: number, layout: LayoutName | 'folders'): TrainConfig {
  return resolveConfig({ task: 'segmentation', network: { classes }, data: { layout } }, dir);
}
