// @ts-check
// A peer is a program in bench/peers, in Python or for Node (.mjs). It does one piece of work per line it
// reads and answers with a line of JSON. Its first line says that it is ready, or why it cannot run.
import { spawn } from 'node:child_process';
import { delimiter } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** As the user set it: loading our kernels sets it for this process. */
const SPINCOUNT = process.env.GOMP_SPINCOUNT;

/** Thrown if the peer cannot run here, with the reason. */
export class PeerError extends Error {
  /** @override */
  name = 'PeerError';
}

/**
 * The interpreters whose PyTorch is a peer: a list like PATH in IABN_BENCH_PYTHON, else Debian's own Python,
 * which finds Debian's python3-torch. The first one serves suites with a single peer.
 * @param {NodeJS.ProcessEnv} [env]
 */
export function pythons(env = process.env) {
  const named = (env.IABN_BENCH_PYTHON ?? '').split(delimiter).filter(Boolean);
  return named.length > 0 ? named : ['/usr/bin/python3'];
}

export class Peer {
  /** @type {Record<string, unknown>} content of the ready line */
  ready = {};

  /**
   * @param {import('node:child_process').ChildProcess} child
   * @param {AsyncIterator<string>} lines
   * @param {string} script
   */
  constructor(child, lines, script) {
    this.child = child;
    this.lines = lines;
    this.script = script;
  }

  /**
   * Starts bench/peers/SCRIPT and waits until it is ready.
   * @param {string} script
   * @param {readonly (string | number)[]} args
   * @param {{ python?: string, env?: NodeJS.ProcessEnv }} [options]
   */
  static async start(script, args, { python = pythons()[0] ?? '', env = process.env } = {}) {
    const path = fileURLToPath(new URL(`../peers/${script}`, import.meta.url));
    const program = script.endsWith('.mjs') ? process.execPath : python;
    const child = spawn(program, [path, ...args.map(String)], {
      env: { ...env, GOMP_SPINCOUNT: SPINCOUNT },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const failure = new Promise((_, reject) => {
      child.on('error', (error) => reject(new PeerError(`cannot run ${program}: ${error.message}`)));
    });
    // The end of its output reports a peer that exits early.
    child.stdin.on('error', () => {});
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const peer = new Peer(child, lines, script);
    peer.ready = await Promise.race([peer.answer(), failure]);
    return peer;
  }

  /** @returns {Promise<Record<string, unknown>>} */
  async answer() {
    const { value, done } = await this.lines.next();
    if (done) throw new PeerError(`${this.script} ended without an answer; its errors are above`);
    const answer = JSON.parse(value);
    if (answer.error) throw new PeerError(`${this.script}: ${answer.error}`);
    return answer;
  }

  /**
   * Sends one request and resolves to the answer's `key`.
   * @param {string} request
   * @param {string} key
   * @returns {Promise<unknown>}
   */
  async request(request, key) {
    this.child.stdin?.write(`${request}\n`);
    return (await this.answer())[key];
  }

  /**
   * Sends one request and resolves to the answer's number `key`.
   * @param {string} request
   * @param {string} key
   */
  async ask(request, key) {
    return (await this.fields(request, [key]))[key] ?? Number.NaN;
  }

  /**
   * Sends one request and resolves to the answer's numbers `keys`.
   * @template {string} K
   * @param {string} request
   * @param {readonly K[]} keys
   * @returns {Promise<Record<K, number>>}
   */
  async fields(request, keys) {
    this.child.stdin?.write(`${request}\n`);
    const answer = await this.answer();
    const entries = keys.map((key) => {
      const value = answer[key];
      if (typeof value !== 'number') throw new PeerError(`${this.script} answered ${request} without ${key}`);
      return [key, value];
    });
    return Object.fromEntries(entries);
  }

  /** Ends the peer and resolves once it has exited. */
  async stop() {
    const gone = new Promise((resolve) => this.child.once('close', resolve));
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.stdin?.end('quit\n');
    await gone;
  }

  /** `torch 1.13.1, torchvision 0.14.1` */
  get versions() {
    const entries = Object.entries(this.versionOf).map(([name, version]) => `${name} ${version}`);
    return entries.join(', ') || 'unknown versions';
  }

  /** Versions by library, as the ready line has them. */
  get versionOf() {
    const { versions } = this.ready;
    const entries = typeof versions === 'object' && versions !== null ? Object.entries(versions) : [];
    return Object.fromEntries(entries.map(([name, version]) => [name, String(version)]));
  }

  /** `PyTorch 2.6 (oneDNN 3.7.2)` */
  get pytorch() {
    return pytorchNamed(this.versionOf);
  }
}

/**
 * The name of a PyTorch in tables: its version to the second number, since Debian calls 1.13.1 1.13.0a0, and
 * its oneDNN's.
 * @param {Record<string, string>} versions
 */
export function pytorchNamed({ torch = 'of unknown version', onednn }) {
  const version = /^\d+\.\d+/.exec(torch)?.[0] ?? torch;
  return `PyTorch ${version}${onednn ? ` (oneDNN ${onednn})` : ''}`;
}
