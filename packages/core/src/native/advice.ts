/** Explains in one sentence why the addon is unavailable on a system, with the one command that fixes it. */
import { isObject } from '../errors.js';
import { PREBUILT, prebuiltName } from './prebuilt.js';

export interface System {
  /** In Node's terms, such as `linux-x64`. */
  readonly platform: string;
  /** glibc version, or `musl`; null outside Linux. */
  readonly libc: string | null;
}

const BUILD =
  'build them in a checkout of the repository with `npm run setup`, and set IABN_ADDON to its native/build/Release/inplace_abn.node';

const IN_WEBASSEMBLY = `run \`npm install --include=optional\` for those in WebAssembly (${prebuiltName('wasm')})`;

export interface Found {
  /** True if the platform's package is installed. */
  readonly installed: boolean;
  /** True in a checkout that has its own build. */
  readonly built: boolean;
  /** Error messages of the attempts to load it. */
  readonly failure: string;
}

/** The error message for a system where no addon could be loaded, not even the WebAssembly one. */
export function adviceFor({ platform, libc }: System, { installed, built, failure }: Found): string {
  const problem = `the native addon cannot be loaded on ${platform}`;
  if (built) return `${problem}: its build is out of date or damaged; run \`npm run setup\``;
  const prebuilt = PREBUILT[platform];
  if (!prebuilt) return `${problem}, for which there are no prebuilt kernels: ${IN_WEBASSEMBLY}, or ${BUILD}`;
  const name = prebuiltName(platform);
  if (libc === 'musl') {
    return `${problem} with musl: the prebuilt kernels need glibc ${prebuilt.glibc} or later, which node:22-slim has and node:22-alpine lacks; ${IN_WEBASSEMBLY}`;
  }
  if (libc !== null && prebuilt.glibc !== null && isOlder(libc, prebuilt.glibc)) {
    return `${problem} with glibc ${libc}: the prebuilt kernels need ${prebuilt.glibc} or later (Debian 12, Ubuntu 22.04, RHEL 9); ${IN_WEBASSEMBLY}, or ${BUILD}`;
  }
  if (/GLIBCXX_|CXXABI_/.test(failure)) {
    return `${problem}: the prebuilt kernels need the libstdc++ of GCC 11 or later (Debian 12, Ubuntu 22.04, RHEL 9); ${BUILD}`;
  }
  if (!installed) {
    return `${problem}: ${name} is not installed, as after \`npm install --omit=optional\` or where node_modules came from another system; run \`npm install --include=optional\``;
  }
  return `${problem}: ${name} is damaged; run \`npm ci\`, or remove node_modules and run \`npm install\``;
}

/** True if a prebuilt package is for this system. */
export function isServed({ platform, libc }: System): boolean {
  const prebuilt = PREBUILT[platform];
  if (prebuilt === undefined || libc === 'musl') return false;
  return libc === null || prebuilt.glibc === null || !isOlder(libc, prebuilt.glibc);
}

/** Describes the current system. Generates a Node diagnostic report, so call it on errors only. */
export function thisSystem(): System {
  const platform = `${process.platform}-${process.arch}`;
  // Node would do a reverse DNS lookup per connection; versions that can skip it honor this.
  Reflect.set(process.report ?? {}, 'excludeNetwork', true);
  return { platform, libc: process.platform === 'linux' ? libcOf(process.report?.getReport()) : null };
}

/** The glibc version in a report of `process.report.getReport()`, or `musl` if it names none. */
export function libcOf(report: unknown): string {
  if (!isObject(report) || !('header' in report)) return 'musl';
  const { header } = report;
  if (!isObject(header) || !('glibcVersionRuntime' in header)) return 'musl';
  return String(header.glibcVersionRuntime);
}

function isOlder(version: string, than: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [least = 0, leastMinor = 0] = than.split('.').map(Number);
  return major < least || (major === least && minor < leastMinor);
}
