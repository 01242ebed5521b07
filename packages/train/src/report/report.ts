import { writeFileAtomic } from '@inplace-abn/checkpoint';
import { renderReport } from './html.js';
import type { ReportData } from './types.js';

/**
 * Writes report.html (see {@link ReportData}), replacing an older one atomically.
 *
 * @throws CheckpointError naming a file that cannot be written
 */
export async function writeReport(path: string, data: ReportData): Promise<void> {
  await writeFileAtomic(path, renderReport(data));
}
