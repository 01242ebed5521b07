import { readFile } from 'node:fs/promises';
import { LabelFileError, reasonOf } from './errors.js';

/** A row of a table. A quoted cell can span several lines. */
export interface TableRow {
  /** Its first line, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

/**
 * Reads a text file of rows. Cells are separated by tabs, commas or semicolons, the first of them that occurs
 * in the first line with text, and may be in double quotes (RFC 4180). Without a separator, a line is split
 * at its last white space, since names may contain some. Empty lines are skipped, and rows of empty cells,
 * which spreadsheets write below the last row.
 *
 * @throws LabelFileError naming the file, and the line if one is at fault
 */
export async function readTable(path: string): Promise<TableRow[]> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new LabelFileError(path, 0, `cannot be read (${reasonOf(error)})`);
  });
  if (/^(fffe|feff)$/.test(bytes.toString('hex', 0, 2))) {
    throw new LabelFileError(path, 0, 'is UTF-16: save the list as UTF-8');
  }
  const text = bytes.toString();
  checkText(path, text);
  const content = text.replace(/^\uFEFF/, '');
  const separator = separatorOf(path, content);
  const rows = separator === undefined ? spacedRows(content) : separatedRows(path, content, separator);
  const width = rows[0]?.cells.length ?? 0;
  const odd = rows.find(({ cells }) => cells.length !== width);
  if (odd) {
    const columns = `${odd.cells.length} ${odd.cells.length === 1 ? 'column' : 'columns'}`;
    throw new LabelFileError(path, odd.line, `has ${columns}, but line ${rows[0]?.line} has ${width}`);
  }
  return rows;
}

function checkText(path: string, text: string): void {
  if (text.includes('\0')) throw new LabelFileError(path, 0, 'is not a text file in UTF-8');
  if (/^\s*<(!doctype|html)/i.test(text)) throw new LabelFileError(path, 0, 'is html, not a list of labels');
  const foreign = text.indexOf('\ufffd');
  if (foreign < 0) return;
  const line = text.slice(0, foreign).split('\n').length;
  throw new LabelFileError(path, line, 'has bytes that are not UTF-8: save the list in that encoding');
}

function separatorOf(path: string, content: string): string | undefined {
  const first = content.split('\n').find((line) => line.trim() !== '') ?? '';
  const preferred = /\.tsv$/i.test(path) ? ['\t'] : ['\t', ',', ';'];
  return preferred.find((separator) => first.includes(separator));
}

function spacedRows(content: string): TableRow[] {
  const rows: TableRow[] = [];
  for (const [index, text] of content.split('\n').entries()) {
    const trimmed = text.trim();
    if (trimmed === '') continue;
    const parts = /^(.*\S)\s+(\S+)$/.exec(trimmed);
    rows.push({ line: index + 1, cells: parts ? [parts[1] ?? '', parts[2] ?? ''] : [trimmed] });
  }
  return rows;
}

function separatedRows(path: string, content: string, separator: string): TableRow[] {
  const rows: TableRow[] = [];
  const lines = content.split('\n');
  for (let index = 0; index < lines.length; index++) {
    const line = index + 1;
    let text = (lines[index] ?? '').replace(/\r$/, '');
    if (text.trim() === '') continue;
    // A quoted cell with a line break: it ends where the number of quotes is even.
    while (isOpen(text)) {
      index++;
      const next = lines[index];
      if (next === undefined) throw new LabelFileError(path, line, 'has a quote that does not end');
      text += `\n${next.replace(/\r$/, '')}`;
    }
    const cells = text.includes('"') ? quotedCells(text, separator) : plainCells(text, separator);
    if (cells.some((cell) => cell !== '')) rows.push({ line, cells });
  }
  return rows;
}

function isOpen(text: string): boolean {
  let quotes = 0;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) quotes++;
  return quotes % 2 === 1;
}

function plainCells(text: string, separator: string): string[] {
  return text.split(separator).map((cell) => cell.trim());
}

function quotedCells(text: string, separator: string): string[] {
  const cells: string[] = [];
  let cell = '';
  let inside = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? '';
    if (character === '"' && inside && text[at + 1] === '"') {
      cell += '"';
      at++;
    } else if (character === '"') inside = !inside;
    else if (character === separator && !inside) {
      cells.push(cell.trim());
      cell = '';
    } else cell += character;
  }
  return [...cells, cell.trim()];
}
