// @ts-check
import { BUILD_PACKAGES, ensureSystemPackages } from './debian.mjs';
import { dropStaleWasm, ensureNativeAddon } from './native.mjs';
import { ensureDependencies } from './pnpm.mjs';
import { StepError } from './steps.mjs';

/**
 * Prepares the checkout for building, testing and running; returns quickly if it is prepared.
 * @param {{ packages?: string[] }} [options] further packages, by their Debian names
 */
export async function setup({ packages = [] } = {}) {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 15)) {
    throw new StepError(`Node 20.15 or later is needed; this is Node ${process.versions.node}`);
  }
  await ensureSystemPackages([...BUILD_PACKAGES, ...packages]);
  await ensureDependencies();
  await ensureNativeAddon();
  dropStaleWasm();
}
