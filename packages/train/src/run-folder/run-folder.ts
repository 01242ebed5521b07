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

/** Options of creating a run folder. */
export interface RunFolderOptions {
  /** The resolved configuration; written to config.json. */
  config: object;
  /** Written to versions.json; see `collectVersions`. */
  versions: Versions;
  /** The kernels used; written to kernels.json. */
  kernels: object;
}

const TORCH_CHECKPOINT = 'checkpoint.pth.tar';
const TORCH_BEST = 'model_best.pth.tar';

const fileNames = [
  'config.json',
  'versions.json',
  'kernels.json',
  'metrics.jsonl',
  'metrics.csv',
  'report.html',
  'summary.json',
  'averaged.safetensors',
  'checkpoints',
  // Do not overwrite the files of a PyTorch run either.
  TORCH_CHECKPOINT,
  TORCH_BEST,
];

/**
 * The folder of one training run:
 *
 *     config.json     the resolved configuration
 *     versions.json   machine and packages
 *     kernels.json    kernel names, for resuming
 *     metrics.jsonl   one object per step and per validation; metrics.csv is the same as a table
 *     report.html     and summary.json: the results
 *     checkpoints/    states to resume from
 *     events.out.…    for TensorBoard
 *     *.pth.tar       checkpoint and model_best, for PyTorch
 */
export class RunFolder {
  /** Writes `metrics.jsonl` and `metrics.csv`. */
  readonly metrics: MetricsLog;
  /** Writes TensorBoard events. */
  readonly events: EventFileWriter;
  /** After resuming: the record of a step whose events must be written again. */
  readonly stands: MetricRecord | null;

  private constructor(
    /** Path of the folder. */
    readonly path: string,
    /** After resuming: changes of the configuration, such as `optimizer.clip: 1 -> 0`. */
    readonly changes: readonly string[],
    rewound?: Rewound,
  ) {
    this.metrics = new MetricsLog(this.metricsPath);
    this.events = new EventFileWriter(path, { resumeStep: rewound?.eventStep });
    this.stands = rewound?.stands ?? null;
  }

  /**
   * Starts a new run in `path` and creates the folder if it is missing. It may contain files that do not
   * belong to a run.
   *
   * @throws {RunFolderError} if the folder cannot be created or holds another run
   */
  static async create(path: string, options: RunFolderOptions): Promise<RunFolder> {
    await makeRunFolder(path);
    const present = (await readdir(path)).filter(isRunFile);
    if (present.length > 0) throw await occupied(path, present);
    // Creating this folder claims the run: of two programs that start at once, one fails here.
    await mkdir(join(path, 'checkpoints')).catch(async (error: NodeJS.ErrnoException) => {
      throw error.code === 'EEXIST' ? await occupied(path, ['checkpoints']) : error;
    });
    await writeFileAtomic(join(path, 'config.json'), toJson(options.config));
    await writeFileAtomic(join(path, 'versions.json'), toJson(options.versions));
    await writeFileAtomic(join(path, 'kernels.json'), toJson(options.kernels));
    return new RunFolder(path, []);
  }

  /**
   * Continues the run in `path` from its state at `position`. Drops later metrics, because they will be
   * written again. If the configuration or versions differ, writes the new ones and keeps the old as
   * config.1.json …
   *
   * @throws {RunFolderError} if the folder holds no run
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

  /** Folder of the checkpoints. */
  get checkpointsPath(): string {
    return join(this.path, 'checkpoints');
  }

  /** The state after the last epoch, for PyTorch. */
  get torchPath(): string {
    return join(this.path, TORCH_CHECKPOINT);
  }

  /** PyTorch file of the best weights. */
  get torchBestPath(): string {
    return join(this.path, TORCH_BEST);
  }

  /** Averages of the weights after the best epoch, for a run that has them. */
  get averagedPath(): string {
    return join(this.path, 'averaged.safetensors');
  }

  /** File of the metrics, one JSON object per line. */
  get metricsPath(): string {
    return join(this.path, 'metrics.jsonl');
  }

  /** HTML report of the run. */
  get reportPath(): string {
    return join(this.path, 'report.html');
  }

  /** JSON summary of the run. */
  get summaryPath(): string {
    return join(this.path, 'summary.json');
  }

  /** Writes summary.json, the main results of a run. @throws CheckpointError if it cannot be written */
  async writeSummary(summary: object): Promise<void> {
    await writeFileAtomic(this.summaryPath, toJson(summary));
  }

  /**
   * Removes temporary files of a process that was killed while writing the run's files. Call it only while
   * holding the folder's lock, so that nobody else writes them.
   */
  async sweep(): Promise<void> {
    await removeStaleTemporaries(this.path, 0, isRunFile);
    await removeStaleTemporaries(this.checkpointsPath, 0);
  }

  /** Closes the metrics and event files. The folder can then be resumed. */
  close(): void {
    this.metrics.close();
    this.events.close();
  }
}

/** Creates the folder; returns whether it was missing. */
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

/**
 * The checkpoint folder that a folder's run continues from; null if it has no checkpoint yet and starts over.
 */
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
  const from = checkpoints === null ? ', which has no checkpoint yet and starts over' : '';
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

/** Invalid JSON differs from everything, and is kept like any other old file. */
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
