import { mkdir, readdir, readFile, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { listCheckpoints, removeStaleTemporaries, writeFileAtomic } from '@inplace-abn/checkpoint';
import { EventFileWriter } from '../tensorboard/event-file.js';
import { differences } from './differences.js';
import { RunFolderError } from './errors.js';
import {
  type MetricRecord,
  MetricsLog,
  type ResumePosition,
  type Rewound,
  rewindMetrics,
} from './metrics-log.js';
import type { Versions } from './versions.js';

export interface RunFolderOptions {
  /** The resolved configuration; becomes config.json. */
  config: object;
  /** Becomes versions.json; see `collectVersions`. */
  versions: Versions;
  /** The kernels that it computes with; becomes kernels.json. */
  kernels: object;
}

export const TORCH_CHECKPOINT = 'checkpoint.pth.tar';
export const TORCH_BEST = 'model_best.pth.tar';

const fileNames = [
  'config.json',
  'versions.json',
  'kernels.json',
  'metrics.jsonl',
  'report.html',
  'summary.json',
  'checkpoints',
  // Those of a PyTorch run must not be written over either.
  TORCH_CHECKPOINT,
  TORCH_BEST,
];

/**
 * The folder of one training run:
 *
 *     config.json     the resolved configuration          checkpoints/   states to resume from
 *     versions.json   machine and packages                events.out.…   for TensorBoard
 *     kernels.json    names of the kernels, to take again
 *     metrics.jsonl   one object a step and validation    report.html, summary.json
 *                                                         checkpoint.pth.tar, model_best.pth.tar for PyTorch
 */
export class RunFolder {
  readonly metrics: MetricsLog;
  readonly events: EventFileWriter;
  /** On a resume: the record of a step whose events have to be written again. */
  readonly stands: MetricRecord | null;

  private constructor(
    readonly path: string,
    /** On a resume: what differs from the configuration so far, as `optimizer.clip: 1 -> 0`. */
    readonly changes: readonly string[],
    rewound?: Rewound,
  ) {
    this.metrics = new MetricsLog(this.metricsPath);
    this.events = new EventFileWriter(path, { resumeStep: rewound?.eventStep });
    this.stands = rewound?.stands ?? null;
  }

  /**
   * Starts a new run in `path`, which is created where it is missing. Files that are no run's may be there.
   *
   * @throws {RunFolderError} where the folder cannot be made or holds another run
   */
  static async create(path: string, options: RunFolderOptions): Promise<RunFolder> {
    await makeRunFolder(path);
    const present = (await readdir(path)).filter(isRunFile);
    if (present.length > 0) throw await occupied(path, present);
    // Making this folder claims the run: of two programs that start at once, one is refused here.
    await mkdir(join(path, 'checkpoints')).catch(async (error: NodeJS.ErrnoException) => {
      throw error.code === 'EEXIST' ? await occupied(path, ['checkpoints']) : error;
    });
    await writeFileAtomic(join(path, 'config.json'), toJson(options.config));
    await writeFileAtomic(join(path, 'versions.json'), toJson(options.versions));
    await writeFileAtomic(join(path, 'kernels.json'), toJson(options.kernels));
    return new RunFolder(path, []);
  }

  /**
   * Continues the run in `path` from its state at `position`. Metrics after that are dropped, as they
   * come again. A configuration or versions that differ are written anew, the former kept as config.1.json …
   *
   * @throws {RunFolderError} where there is no run in the folder
   */
  static async resume(path: string, position: ResumePosition, options: RunFolderOptions): Promise<RunFolder> {
    const former = await readFile(join(path, 'config.json'), 'utf8').catch((error: NodeJS.ErrnoException) => {
      const why = `its config.json cannot be read (${error.message})`;
      throw new RunFolderError(`there is no run to resume in ${path}: ${why}`, 'ERR_NO_RUN');
    });
    const changes = differences(parse(former), options.config);
    await replaceJson(path, 'config.json', options.config);
    await replaceJson(path, 'versions.json', options.versions);
    await replaceJson(path, 'kernels.json', options.kernels);
    await mkdir(join(path, 'checkpoints'), { recursive: true });
    const rewound = await rewindMetrics(join(path, 'metrics.jsonl'), position);
    return new RunFolder(path, changes, rewound);
  }

  get checkpointsPath(): string {
    return join(this.path, 'checkpoints');
  }

  /** The state after the last epoch, and after the best, for PyTorch. */
  get torchPath(): string {
    return join(this.path, TORCH_CHECKPOINT);
  }

  get torchBestPath(): string {
    return join(this.path, TORCH_BEST);
  }

  get metricsPath(): string {
    return join(this.path, 'metrics.jsonl');
  }

  get reportPath(): string {
    return join(this.path, 'report.html');
  }

  get summaryPath(): string {
    return join(this.path, 'summary.json');
  }

  /** Writes summary.json: what a program or a person asks first about a run. */
  async writeSummary(summary: object): Promise<void> {
    await writeFileAtomic(this.summaryPath, toJson(summary));
  }

  /**
   * Removes the temporary files of a process that was killed while it wrote one of the run's files. Whoever holds the lock of
   * the folder calls it: nobody else writes these.
   */
  async sweep(): Promise<void> {
    await removeStaleTemporaries(this.path, 0, isRunFile);
    await removeStaleTemporaries(this.checkpointsPath, 0);
  }

  /** Closes the metrics and event files; the folder can be resumed after that. */
  close(): void {
    this.metrics.close();
    this.events.close();
  }
}

/** Whether the folder had to be made. */
export async function makeRunFolder(path: string): Promise<boolean> {
  try {
    return (await mkdir(path, { recursive: true })) !== undefined;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new RunFolderError(
      `run folder ${path} cannot be created (${why}); choose another`,
      'ERR_RUN_FOLDER',
    );
  }
}

function isRunFile(name: string): boolean {
  return fileNames.includes(name) || name.startsWith('events.out.tfevents.');
}

/** The folder of checkpoints that the run in a folder continues from; null where it has none yet and starts anew. */
export async function checkpointsOf(path: string): Promise<string | null> {
  const checkpoints = join(path, 'checkpoints');
  return (await listCheckpoints(checkpoints)).length > 0 ? checkpoints : null;
}

async function occupied(path: string, present: readonly string[]): Promise<RunFolderError> {
  const holds = `run folder ${path} already holds ${[...present].sort().join(', ')}`;
  if (present.includes(TORCH_CHECKPOINT) && !present.includes('config.json')) {
    const file = join(path, TORCH_CHECKPOINT);
    return new RunFolderError(`${holds}: continue from ${file} in another folder`, 'ERR_TORCH_RUN', file);
  }
  const checkpoints = await checkpointsOf(path);
  const from = checkpoints === null ? ', which has no checkpoint yet and starts anew' : '';
  const advice = `continue that run${from}, or start a new one in another folder`;
  return new RunFolderError(`${holds}: ${advice}`, 'ERR_RUN_FOLDER_TAKEN', checkpoints);
}

async function replaceJson(folder: string, name: string, value: object): Promise<void> {
  const path = join(folder, name);
  const former = await readFile(path, 'utf8').catch(() => undefined);
  if (former !== undefined && differences(parse(former), value).length === 0) return;
  if (former !== undefined) await rename(path, await freeName(folder, name));
  await writeFileAtomic(path, toJson(value));
}

async function freeName(folder: string, name: string): Promise<string> {
  const taken = new Set(await readdir(folder));
  for (let n = 1; ; n++) {
    const candidate = `${basename(name, '.json')}.${n}.json`;
    if (!taken.has(candidate)) return join(folder, candidate);
  }
}

/** A file that is not JSON differs from everything, and is kept aside like any other former one. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function toJson(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
