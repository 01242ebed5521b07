// @ts-check
// onnxruntime is a peer that only benches need, and large: it is installed beside the project when one first asks for
// it, as PyTorch comes from the system.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PeerError } from './peer.mjs';

const PACKAGE = 'onnxruntime-node';
const VERSION = '1.30.0';

/**
 * The folder under whose node_modules onnxruntime-node lies; installs it there where it is missing.
 * @param {(line: string) => void} say
 */
export async function onnxruntimeFolder(say) {
  const folder = fileURLToPath(new URL(`../../.cache/peers/onnxruntime-${VERSION}`, import.meta.url));
  if (existsSync(join(folder, 'node_modules', PACKAGE, 'package.json'))) return folder;
  say(`installing ${PACKAGE} ${VERSION} (some 300 MB) into ${folder}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  // Its script only fetches GPU libraries; the CPU runtime comes with the package.
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', `${PACKAGE}@${VERSION}`];
  try {
    await promisify(execFile)('npm', args, { cwd: folder });
  } catch (error) {
    throw new PeerError(`cannot install ${PACKAGE}: ${error instanceof Error ? error.message : error}`);
  }
  return folder;
}
