import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { formatRunSummary, reportRun } from './run-summary.mjs';

it('prints accuracy, folder and memory compared with ordinary batch norm', () => {
  const shared = { weights: 2e6, gradients: 2e6, optimizer: 2e6, workspace: 0 };
  const summary = {
    images: 10_000,
    top1: 91.234,
    bestTop1: 91.5,
    seconds: 239.7,
    memory: { ours: { ...shared, activations: 41e6 }, ordinary: { ...shared, activations: 100e6 } },
  };
  expect(formatRunSummary(summary, 'runs/demo')).toMatchInlineSnapshot(`
    "Accuracy    91.23 % top-1 on 10000 test images (best 91.50 %)
    Time        4 min 0 s
    Run folder  runs/demo (open report.html)

                                          in place   ordinary BN   ratio
    activations and their gradients       41.00 MB     100.00 MB    0.41
    workspace                              0.00 MB       0.00 MB       –
    weights                                2.00 MB       2.00 MB    1.00
    weights' gradients                     2.00 MB       2.00 MB    1.00
    optimizer state                        2.00 MB       2.00 MB    1.00
    in all                                47.00 MB     106.00 MB    0.44
    exactly 47,000,000 bytes, compared with 106,000,000"
  `);
});

it('prints no accuracy if no epoch was completed', () => {
  const bytes = { weights: 1, gradients: 1, optimizer: 1, workspace: 1, activations: 1 };
  const memory = { ours: bytes, ordinary: bytes };
  const summary = { images: 10, top1: null, bestTop1: 0, seconds: 1, memory };
  expect(formatRunSummary(summary, 'runs/demo')).toMatch(
    /^Accuracy {4}not measured: no epoch was completed\n/,
  );
});

describe('a run that ended', () => {
  /** @param {NodeJS.WriteStream} stream */
  const watched = (stream) => {
    const write = vi.spyOn(stream, 'write').mockReturnValue(true);
    onTestFinished(() => write.mockRestore());
    return write;
  };

  const newFolder = () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'run-summary-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    return folder;
  };

  it('succeeds silently without a summary, as with --version', () => {
    const writes = [watched(process.stdout), watched(process.stderr)];
    expect(reportRun(0, newFolder())).toBe(0);
    for (const write of writes) expect(write).not.toHaveBeenCalled();
  });

  it('prints its summary', () => {
    const [folder, out] = [newFolder(), watched(process.stdout)];
    const bytes = { weights: 1, gradients: 1, optimizer: 1, workspace: 1, activations: 1 };
    const summary = {
      images: 10,
      top1: 50,
      bestTop1: 60,
      seconds: 1,
      memory: { ours: bytes, ordinary: bytes },
    };
    writeFileSync(path.join(folder, 'summary.json'), JSON.stringify(summary));
    expect(reportRun(0, folder)).toBe(0);
    expect(out).toHaveBeenCalledExactlyOnceWith(`\n${formatRunSummary(summary, folder)}\n`);
  });

  it('passes on another status and names the folder', () => {
    const err = watched(process.stderr);
    expect(reportRun(130, 'runs/demo')).toBe(130);
    expect(err).toHaveBeenCalledExactlyOnceWith(
      'the training run ended with status 130; its folder is runs/demo\n',
    );
  });
});
