/** The browser for tests of pages. */
import { accessSync, constants } from 'node:fs';
import path from 'node:path';

/** Options of a headless browser that also runs in containers with little shared memory. */
export const HEADLESS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];

/** Path of Chromium, if it is installed. */
export function chromium(): string | undefined {
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
  return folders
    .flatMap((place) => names.map((name) => path.join(place, name)))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
