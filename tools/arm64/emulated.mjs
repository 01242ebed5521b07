// @ts-check
import path from 'node:path';
import { inRoot } from '../../scripts/lib/paths.mjs';
import { otherNode } from '../vitest/other-node-environment.mjs';
import { NODE_ARM64, SYSROOT } from './sysroot.mjs';

/**
 * Variables for a vitest that runs tests on an emulated ARM.
 * @param {string} addon
 * @returns {Record<string, string>}
 */
export const emulated = (addon) => ({
  ...otherNode(inRoot('.cache', 'arm64', 'node'), ['qemu-aarch64-static', '-L', SYSROOT, NODE_ARM64]),
  IABN_ADDON: path.resolve(addon),
  // Use esbuild's native binary: an emulated Node would look for the ARM one.
  ESBUILD_BINARY_PATH: inRoot('node_modules', 'esbuild', 'bin', 'esbuild'),
});
