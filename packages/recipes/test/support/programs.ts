/** Starts the built programs of the apps. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** The path of apps/APP/dist/PROGRAM.js. */
export function builtProgram(app: string, program: string): string {
  const path = fileURLToPath(new URL(`../../../../apps/${app}/dist/${program}.js`, import.meta.url));
  if (!existsSync(path)) throw new Error(`${path} is not built: run "npm run build" before these tests`);
  return path;
}

/** Environment of a program: one compute thread, and none of the Node options of the tests. */
export const programEnvironment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  OMP_NUM_THREADS: '1',
  NODE_OPTIONS: '',
});

/**
 * Starts apps/APP/dist/PROGRAM.js with one compute thread in the folder `cwd`. `onOutput` receives all of
 * stdout so far whenever there is more.
 */
export function start(
  app: string,
  program: string,
  args: readonly string[],
  onOutput?: (stdout: string) => void,
  cwd?: string,
): Running {
  const path = builtProgram(app, program);
  const child = spawn(process.execPath, [path, ...args], {
    cwd,
    env: programEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const text = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text.stdout += chunk;
    onOutput?.(text.stdout);
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    text.stderr += chunk;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, ...text }));
  });
  return { child, ended };
}

/** Runs a program until it exits. */
export function run(app: string, program: string, ...args: string[]): Promise<Ended> {
  return start(app, program, args).ended;
}
