/** Segments the photographs of a folder one at a time and writes the requested outputs of each. */
import { join } from 'node:path';
import { writeFileAtomic } from '@inplace-abn/checkpoint';
import { type Advice, advise } from '@inplace-abn/cli';
import { UsageError } from '@inplace-abn/core';
import { DataError, type Photograph, readPhotograph, resizeNearest } from '@inplace-abn/data';
import { formatBytes } from '@inplace-abn/tensor';
import { type Progress, type StopRequest, unlessAborted } from '@inplace-abn/train';
import { formatSize } from '../../inference/scales.js';
import type { Segmentation, Segmenter } from '../../inference/segmenter.js';
import type { SegmentationClass } from '../../segmentation/classes.js';
import { meanConfidence } from '../../segmentation/label-map.js';
import { writeGalleryRecord } from '../gallery/write.js';
import { type Labels, scoresOf } from '../labels/label-folder.js';
import { type OutputKind, outputName, outputPath } from '../output/files.js';
import { encodeOverlayPng } from '../output/overlay.js';
import { encodePalettePng, encodeRawPng, probabilityBytes } from '../output/prediction-png.js';

/** `palette`: class ids with the classes' colors; `raw`: in gray; `prob`: raw, plus the probabilities. */
export type OutputMode = 'palette' | 'raw' | 'prob';

export const OUTPUT_MODES: readonly OutputMode[] = ['palette', 'raw', 'prob'];

export interface FolderRunOptions {
  readonly segmenter: Segmenter;
  /** All classes of the network, by id. */
  readonly classes: readonly SegmentationClass[];
  /** Folder of the photographs; default: `files` are paths. */
  readonly folder?: string;
  /** Output folder, which must exist. */
  readonly outDir: string;
  /** Photographs, as notes and records call them. */
  readonly files: readonly string[];
  /** Length of the longest side after resizing, in pixels. */
  readonly maxSide: number;
  /** Limit for the pixels of a photograph; default 2^27. */
  readonly maxPixels?: number;
  readonly mode: OutputMode;
  readonly overlay: boolean;
  readonly labels: Labels | null;
  readonly progress: Progress;
  readonly stop: StopRequest;
  /** Appended to the error of a photograph, by its code. */
  readonly advice?: Advice;
  /** Aborts when another process of the run is lost. */
  readonly lost: AbortSignal;
}

/** Outputs of an image. The record is written last, so that an image with a record is complete. */
export function outputsOf(mode: OutputMode, overlay: boolean): OutputKind[] {
  return [
    'prediction',
    ...(mode === 'prob' ? (['probability'] as const) : []),
    ...(overlay ? (['overlay'] as const) : []),
    'record',
  ];
}

export class FolderRun {
  private readonly failed: string[] = [];
  private readonly planned = new Set<string>();

  constructor(private readonly options: FolderRunOptions) {}

  /**
   * Returns the images that could not be read or segmented; each is reported at once, and the run continues.
   */
  async run(): Promise<readonly string[]> {
    const { files, stop } = this.options;
    let next = this.read(files[0]);
    for (const [index, file] of files.entries()) {
      const photograph = await this.unlessStopped(next);
      // The next one is decoded while this one is computed.
      next = this.read(stop.requested ? undefined : files[index + 1]);
      if (stop.requested) break;
      await this.attempt(file, index, photograph);
    }
    return this.failed;
  }

  /** Storage may never answer, so a request to stop or the loss of a process ends the wait. */
  private unlessStopped<T>(reading: Promise<T>): Promise<T | null> {
    const { stop, lost } = this.options;
    return unlessAborted(reading, AbortSignal.any([stop.asked, lost])).catch((error: unknown) => {
      if (stop.requested) return null;
      throw error;
    });
  }

  /** Returns an error instead of rejecting, because nothing awaits the promise yet. */
  private async read(file: string | undefined): Promise<Photograph | Error | null> {
    if (file === undefined) return null;
    const { folder = '', maxSide, maxPixels } = this.options;
    return readPhotograph(join(folder, file), { maxSide, maxPixels }).catch((error: unknown) =>
      asError(error),
    );
  }

  private async attempt(file: string, index: number, photograph: Photograph | Error | null): Promise<void> {
    const { files, progress, advice = {} } = this.options;
    const at = `[${index + 1}/${files.length}] ${file}`;
    try {
      if (photograph === null) return;
      if (photograph instanceof Error) throw photograph;
      progress.note(`${at}  ${await this.segment(file, photograph)}`);
    } catch (error) {
      if (!(error instanceof DataError || error instanceof UsageError)) throw error;
      this.failed.push(file);
      advise(error, advice);
      progress.note(`${at}  error: ${error.message}`);
    }
  }

  private async segment(file: string, photograph: Photograph): Promise<string> {
    const started = performance.now();
    this.tellPlan(photograph);
    const segmentation = await this.options.segmenter.segment(photograph);
    const seconds = (performance.now() - started) / 1000;
    await this.write(file, photograph, segmentation, seconds);
    const { width, height } = photograph;
    const confidence = meanConfidence({ data: segmentation.probability, width, height });
    return `${formatSize(photograph)}  ${seconds.toFixed(1)} s  mean confidence ${confidence.toFixed(3)}`;
  }

  /** Prints the memory of each image size once. */
  private tellPlan(size: Photograph): void {
    const { segmenter, progress } = this.options;
    const key = formatSize(size);
    if (this.planned.has(key)) return;
    this.planned.add(key);
    const plans = segmenter.plansFor(size);
    const arena = Math.max(...plans.map(({ arenaBytes }) => arenaBytes));
    const strips = plans.some((plan) => plan.strips.length > 0)
      ? ', parts of the network in strips of rows'
      : '';
    progress.note(
      `plan for ${key}: ${formatBytes(arena)} and ${formatBytes(segmenter.weightBytes)} of weights${strips}`,
    );
  }

  private async write(
    file: string,
    photograph: Photograph,
    segmentation: Segmentation,
    seconds: number,
  ): Promise<void> {
    const { outDir, mode, overlay, classes, labels } = this.options;
    const { original, width, height } = photograph;
    const name = outputName(file);
    const path = (kind: OutputKind): string => outputPath(outDir, name, kind);
    const inOriginal = (map: Uint8Array) => ({
      ...original,
      data: resizeNearest(map, { width, height }, original),
    });
    const label = inOriginal(segmentation.label);
    const seen = { width, height, data: segmentation.label };
    const confidence = { width, height, data: segmentation.probability };
    const photo = { width, height, data: photograph.data, channels: 3 } as const;
    const scores = labels ? await scoresOf(labels, file, label) : undefined;
    const encode = mode === 'palette' ? encodePalettePng(label, classes) : encodeRawPng(label);
    await writeFileAtomic(path('prediction'), encode);
    if (mode === 'prob') {
      await writeFileAtomic(path('probability'), encodeRawPng(inOriginal(probabilityBytes(confidence))));
    }
    if (overlay) await writeFileAtomic(path('overlay'), await encodeOverlayPng(photo, seen, classes));
    const outputs = outputsOf(mode, overlay);
    await writeGalleryRecord(outDir, {
      file,
      photo,
      prediction: seen,
      confidence,
      classes,
      seconds,
      scores,
      outputs,
    });
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
