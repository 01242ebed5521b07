// @ts-check
// Takes a screenshot of a page as a WebP file in docs/.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';

const root = fileURLToPath(new URL('../..', import.meta.url));
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--hide-scrollbars',
  '--force-color-profile=srgb',
  // Gives the page's scripts time.
  '--virtual-time-budget=20000',
];

/**
 * @param {{ page: string, name: string, window: readonly number[], width: number }} picture
 *   page: its address; window: width and height; width: of the picture
 */
export async function takeScreenshot({ page, name, window, width }) {
  const folder = mkdtempSync(path.join(tmpdir(), 'screenshot-'));
  const png = path.join(folder, `${name}.png`);
  const profile = `--user-data-dir=${path.join(folder, 'profile')}`;
  execFileSync(
    process.env.CHROMIUM ?? 'chromium',
    [...FLAGS, profile, `--window-size=${window}`, `--screenshot=${png}`, page],
    { stdio: 'ignore' },
  );
  const file = path.join(root, 'docs', `${name}.webp`);
  const { size } = await sharp(png).resize({ width }).webp({ quality: 82, effort: 6 }).toFile(file);
  rmSync(folder, { recursive: true });
  process.stdout.write(`${path.relative(root, file)}: ${size} bytes\n`);
}
