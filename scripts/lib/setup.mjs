// @ts-check
import { BUILD_PACKAGES, ensureSystemPackages } from './debian.mjs';
import { ensureNativeAddon } from './native.mjs';
import { ensureDependencies } from './pnpm.mjs';
import { StepError } from './steps.mjs';

const OLDEST_NODE = 20;

/**
 * Makes the checkout ready to build, test and run; returns quickly if it is.
 * @param {{ packages?: string[] }} [options] further packages, by their Debian names
 */
export async function setup({ packages = [] } = {}) {
  if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
    throw new StepError(`Node ${OLDEST_NODE} or later is needed; this is Node ${process.versions.node}`);
  }
  await ensureSystemPackages([...BUILD_PACKAGES, ...packages]);
  await ensureDependencies();
  await ensureNativeAddon();
}
