// @ts-check
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { inRoot, root } from './paths.mjs';
import { runAttached, StepError, say } from './steps.mjs';
import { readReport } from './vitest-report.mjs';

/** Tests that a build of the addon with another compiler, library or option must pass. */
export const KERNEL_TESTS = ['packages/core/test/kernels', 'packages/core/test/native'];

/**
 * Kernel tests that any addon of our own kernels must pass, and a training. Excluded: the choice of kernels.
 */
const KERNELS_AND_TRAINING = [
  'packages/core/test/kernels',
  'packages/session/test/session.test.ts',
  '--exclude=**/{choices,channel-parts}.test.ts',
];

/** Tests the error of an addon without process groups. */
const NO_GROUPS = 'packages/comm/test/group/no-groups.test.ts';

/** Tests for an addon without oneDNN, OpenMP and Gloo, including the programs that check its threads. */
export const OWN_KERNEL_TESTS = [
  ...KERNELS_AND_TRAINING,
  NO_GROUPS,
  'packages/core/test/devices/arm-cores.test.ts',
  'packages/core/test/native/teams.test.ts',
];

/** Tests for the addon for macOS or Windows, on that system. */
export const PLATFORM_TESTS = [...KERNELS_AND_TRAINING, NO_GROUPS];

/**
 * Tests for an addon on an emulated CPU, which is twenty times slower: the smallest case of each op, without
 * large products, without vectors wider than the CPU's (which would run with the CPU's), and without many
 * processes.
 * @param {string} wider  pattern of vector widths in floats
 */
export const emulatedKernelTests = (wider) => [
  ...KERNELS_AND_TRAINING,
  'packages/core/test/emulated',
  '--exclude=**/{kernels,rounding,rounding-own,threads}.test.ts',
  `--testNamePattern=^(?!.*(large products|in vectors of (${wider}) floats))`,
];

/** Tests for the addon in WebAssembly; none needs a process group. */
export const WASM_KERNEL_TESTS = [
  ...KERNELS_AND_TRAINING,
  NO_GROUPS,
  'packages/core/test/devices/memory.test.ts',
  'packages/core/test/program',
];

/** Tests that compute in WebAssembly next to the native addon. */
export const WASM_TESTS = [
  'packages/core/test/native/wasm-threads.test.ts',
  'packages/core/test/native/web-assembly.test.ts',
  'packages/session/test/web-assembly.test.ts',
  'examples/test/training-page.test.ts',
];

const REPORT = inRoot('.cache', 'vitest-report.json');

/** The checks and tests of one command, with a closing line that CI and people read. */
export class Results {
  #name;
  #passed = 0;
  /** @type {string[]} */
  #failures = [];

  /** @param {string} name  of the npm script; `.cache/NAME.failures` lists what failed */
  constructor(name) {
    this.#name = name;
  }

  /**
   * Runs one check; a StepError is printed and counts as a failure, so that a run shows everything that is
   * wrong.
   * @param {() => Promise<unknown>} check
   * @returns {Promise<boolean>} whether it passed
   */
  async check(check) {
    try {
      await check();
      this.#passed += 1;
      return true;
    } catch (error) {
      if (!(error instanceof StepError)) throw error;
      say(error.message);
      this.#failures.push(error.message.slice(error.message.lastIndexOf('\n') + 1));
      return false;
    }
  }

  /**
   * Runs independent checks, as many at a time as there are CPUs, because most of them use one thread.
   * @param {readonly (() => Promise<unknown>)[]} checks
   */
  async checkTogether(checks) {
    const waiting = [...checks];
    const inTurn = async () => {
      for (let check = waiting.shift(); check; check = waiting.shift()) await this.check(check);
    };
    await Promise.all(Array.from({ length: availableParallelism() }, inTurn));
  }

  /**
   * Runs vitest on this terminal and counts its tests.
   * @param {readonly string[]} args  further arguments, such as filters
   * @param {Record<string, string>} [environment]  variables to set
   */
  async vitest(args, environment = {}) {
    rmSync(REPORT, { force: true });
    const reporters = [
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${path.relative(root, REPORT)}`,
    ];
    const vitest = inRoot('node_modules', 'vitest', 'vitest.mjs');
    const env = { ...process.env, ...environment };
    const status = await runAttached(process.execPath, [vitest, 'run', ...reporters, ...args], { env });
    const { passed, failures } = readReport(
      existsSync(REPORT) ? JSON.parse(readFileSync(REPORT, 'utf8')) : undefined,
      status,
    );
    this.#passed += passed;
    this.#failures.push(...failures.map((failure) => failure.replaceAll(root, '')));
    // An error outside any test (an unhandled rejection, a lost worker) fails the run without failing a test.
    if (status !== 0 && failures.length === 0)
      this.#failures.push(
        `vitest ended with status ${status} and no failed test; see "Unhandled Errors" above`,
      );
  }

  /**
   * Lists the failures again, because logs are read from the end, and prints the closing line.
   * @returns {number} the exit status
   */
  close() {
    const failures = this.#failures.map((failure) => `✗ ${failure}\n`).join('');
    const list = inRoot('.cache', `${this.#name}.failures`);
    mkdirSync(path.dirname(list), { recursive: true });
    writeFileSync(list, failures);
    process.stdout.write(`${failures}${this.#passed} passed, ${this.#failures.length} failed\n`);
    return this.#failures.length === 0 ? 0 : 1;
  }
}
