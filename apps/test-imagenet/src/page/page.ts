/** The page of a test: accuracy by class, confusion matrix and worst images. */
import type { Sides } from '@inplace-abn/data';
import { describeCrop } from '@inplace-abn/recipes';
import { escapeText, facts, formatDuration, renderPage, threeDigits } from '@inplace-abn/train';
import type { LabelTestResult, TestResult } from '../evaluation/result.js';
import { classSection } from './classes.js';
import { confusionSection } from './confusion.js';
import { pageStyles } from './styles.js';
import { type NoPicture, type Picture, worstSection } from './worst.js';

/**
 * Renders the page as HTML.
 *
 * @param pictures of `result.worst`, in its order
 */
export function renderTestPage(result: TestResult, pictures: readonly (Picture | NoPicture)[]): string {
  const title = `${result.arch}: top-1 ${result.top1.toFixed(2)} % of ${result.images} images`;
  const sections = [
    facts(factsOf(result)),
    confusionSection(result),
    classSection(result),
    worstSection(result, pictures),
    unreadableSection(result),
  ];
  return renderPage(title, sections, pageStyles());
}

function factsOf(result: TestResult): [string, string][] {
  return [
    ['top-1', `${result.top1.toFixed(2)} %`],
    ['top-5', `${result.top5.toFixed(2)} %`],
    ...commonFacts(result),
  ];
}

/** Facts of a test of any task. */
export function commonFacts(result: Omit<LabelTestResult, 'labels' | 'map' | 'f1'>): [string, string][] {
  const { crop, scale, tenCrops, images, unreadable, seconds } = result;
  const scaled = describeScale(scale);
  return [
    ['loss', result.loss.toFixed(4)],
    [
      'images',
      unreadable.length > 0 ? `${images} (${unreadable.length} more cannot be read)` : String(images),
    ],
    ['preparation', `${scaled}, ${tenCrops ? 'ten crops' : 'center crop'} of ${describeCrop(crop)}`],
    ['network', `${result.arch}, ${result.precision}`],
    ['checkpoint', result.checkpoint],
    ['data', result.data],
    ['time', `${formatDuration(seconds)} (${threeDigits((images + unreadable.length) / seconds)} images/s)`],
  ];
}

function describeScale(scale: Sides): string {
  if (typeof scale !== 'number') return `resized to ${describeCrop(scale)}`;
  return scale === -1 ? 'not resized' : `shorter side to ${scale}`;
}

/** Images that could not be read; empty without any. */
export function unreadableSection({ unreadable }: Pick<TestResult, 'unreadable'>): string {
  if (unreadable.length === 0) return '';
  const rows = unreadable.slice(0, 100).map(({ path, reason }) => {
    return `<tr><td>${escapeText(path)}</td><td>${escapeText(reason)}</td></tr>`;
  });
  const more = unreadable.length > rows.length ? `<p>and ${unreadable.length - rows.length} more</p>` : '';
  return `<h2>Images that cannot be read</h2>
<p>They are not counted: ${unreadable.length}.</p>
<table><tr><th>File</th><th>Reason</th></tr>${rows.join('\n')}</table>${more}`;
}
