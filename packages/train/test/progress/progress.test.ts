import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { formatProgress, type ProgressState } from '../../src/progress/format.js';
import { Progress } from '../../src/progress/progress.js';
import { formatDuration, formatLoss, formatRate } from '../../src/progress/units.js';

const state: ProgressState = {
  phase: 'train',
  epoch: 2,
  epochs: 10,
  step: 20,
  steps: 938,
  loss: 0.43214,
  meanLoss: 0.5,
  top1: 84.21,
  top5: 99.16,
  learningRate: 0.05,
  imagesPerSecond: 1234.4,
  waitShare: 0.034,
  peakBytes: 120 * 2 ** 20,
  etaSeconds: 151,
};

const full =
  'train 2/10  step  20/938  loss 0.4321 (0.5000)  top-1 84.2 %  top-5 99.2 %  lr 0.05  1234 img/s  wait 3 %  peak 120 MiB  eta 2:31';

function terminal(columns?: number) {
  const written: string[] = [];
  return { written, isTTY: true, columns, write: (text: string) => written.push(text) };
}

describe('formatProgress', () => {
  it('shows everything if there is room', () => {
    expect(formatProgress(state)).toBe(full);
    expect(formatProgress(state, { width: full.length })).toBe(full);
  });

  it('drops fields that do not fit, the least important first', () => {
    expect(formatProgress(state, { width: full.length - 1 })).toBe(full.replace('  peak 120 MiB', ''));
    expect(formatProgress(state, { width: 80 })).toBe(
      'train 2/10  step  20/938  loss 0.4321 (0.5000)  top-1 84.2 %  eta 2:31',
    );
    expect(formatProgress(state, { width: 1 })).toBe('train 2/10');
  });

  it('omits unknown fields', () => {
    const { phase, epoch, epochs, step, steps, loss, top1, top5, imagesPerSecond } = state;
    expect(formatProgress({ phase, epoch, epochs, step, steps, loss, top1, top5, imagesPerSecond })).toBe(
      'train 2/10  step  20/938  loss 0.4321  top-1 84.2 %  top-5 99.2 %  1234 img/s',
    );
  });

  it('names the averages of the weights', () => {
    const { steps = 0, imagesPerSecond } = state;
    const passed = { averaged: true, step: steps, steps, imagesPerSecond };
    expect(formatProgress({ ...passed, phase: 'val', epoch: 2, epochs: 10 })).toBe(
      'val   2/10 averaged  step 938/938  1234 img/s',
    );
    expect(formatProgress({ ...passed, phase: 'val' })).toBe('val averaged  step 938/938  1234 img/s');
  });

  it('shows NaN as such', () => {
    const line = formatProgress({ ...state, loss: Number.NaN, top1: Number.NaN, etaSeconds: Number.NaN });
    expect(line).toContain('loss nan (0.5000)  top-1 - %');
    expect(line).toContain('eta -:--');
  });

  it('colors labels without changing the text', () => {
    const colored = formatProgress(state, { color: true });
    expect(colored).toContain('\u001b[2mloss\u001b[22m 0.4321');
    expect(stripVTControlCharacters(colored)).toBe(full);
  });
});

describe('Progress on a terminal', () => {
  it('redraws one line and keeps the last', () => {
    const stream = terminal(200);
    const progress = new Progress({ stream, env: { NO_COLOR: '1' } });
    progress.update(state);
    progress.update({ ...state, step: 21 });
    progress.finish();
    progress.finish();
    const second = full.replace('step  20', 'step  21');
    expect(stream.written.join('')).toBe(`\r\u001b[2K${full}\r\u001b[2K${second}\n`);
  });

  it('escapes control characters in names', () => {
    const stream = terminal(200);
    new Progress({ stream }).note('cannot read \u001b]0;title\u0007.png\nand another');
    expect(stream.written.join('')).toBe('cannot read \\x1b]0;title\\x07.png\nand another\n');
  });

  it('prints notes above the line', () => {
    const stream = terminal(200);
    const progress = new Progress({ stream, env: { NO_COLOR: '1' } });
    progress.note('first');
    progress.update(state);
    progress.note('checkpoint saved');
    expect(stream.written.slice(-1)).toEqual([`\r\u001b[2Kcheckpoint saved\n${full}`]);
    expect(stream.written[0]).toBe('first\n');
  });

  it('stays within the columns', () => {
    const stream = terminal(60);
    new Progress({ stream, env: { NO_COLOR: '1' } }).update(state);
    expect(stream.written[0]?.replace('\r\u001b[2K', '').length).toBeLessThan(60);
  });

  it.each([
    [{}, true],
    [{ NO_COLOR: '' }, true],
    [{ NO_COLOR: '1' }, false],
  ])('with %j colors: %j', (env, colored) => {
    const stream = terminal(200);
    new Progress({ stream, env }).update(state);
    expect(stream.written.join('').includes('\u001b[2mloss')).toBe(colored);
  });
});

describe('Progress without a terminal', () => {
  it.each([
    ['a pipe', { isTTY: false }, {}],
    ['a dumb terminal', { isTTY: true }, { TERM: 'dumb' }],
  ])('prints plain lines every print-freq steps to %s', (_, kind, env) => {
    const written: string[] = [];
    const progress = new Progress({ stream: { ...kind, write: (t) => written.push(t) }, printFreq: 4, env });
    for (let step = 1; step <= 10; step++) progress.update({ ...state, step, steps: 10 });
    progress.note('done');
    progress.finish();
    expect(written.map((line) => /step +\d+|done/.exec(line)?.[0])).toEqual([
      'step  4',
      'step  8',
      'step 10',
      'done',
    ]);
    expect(written.every((line) => line.endsWith('\n') && !line.includes('\u001b'))).toBe(true);
  });

  it('stops writing when the output has lost its reader', () => {
    const written: string[] = [];
    const stream = { write: (text: string) => written.push(text), writable: true };
    const progress = new Progress({ stream, printFreq: 1 });
    progress.update(state);
    stream.writable = false;
    progress.update({ ...state, step: 21 });
    progress.note('saved');
    progress.finish();
    expect(written).toEqual([`${full}\n`]);
  });
});

describe('units', () => {
  it.each([
    [6.6, '0:07'],
    [59.6, '1:00'],
    [754, '12:34'],
    [3723, '1:02:03'],
    [183_840, '2d 03:04'],
    [Number.POSITIVE_INFINITY, '-:--'],
  ])('%d seconds', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });

  it.each([
    [0, '0.0000'],
    [Math.LN10, '2.3026'],
    [1.5e-5, '1.50e-5'],
    [123_456, '1.23e+5'],
  ])('loss %d', (loss, text) => {
    expect(formatLoss(loss)).toBe(text);
  });

  it.each([
    [0.1, '0.1'],
    [0.031622, '0.03162'],
    [0.00001, '1e-5'],
    [0, '0'],
    [0.30000000000000004, '0.3'],
  ])('rate %d', (rate, text) => {
    expect(formatRate(rate)).toBe(text);
  });
});
