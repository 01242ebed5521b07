import { alignColumns, printable } from '@inplace-abn/cli';
import { formatBytes } from '@inplace-abn/tensor';
import type { CheckpointFormat } from '../state-dict/format.js';
import type { Inspection } from './inspect.js';

const FORMATS: Readonly<Record<CheckpointFormat, string>> = {
  safetensors: 'safetensors',
  'torch-zip': 'PyTorch, zip container',
  'torch-legacy': 'PyTorch, legacy stream',
};

/**
 * Formats an inspection as text: the file, other values in it, then one line per tensor.
 *
 * @param bold formats a heading; default: leaves it unchanged
 */
export function formatInspection(
  { path, format, bytes, md5, published, prefixes, tensors, elements, rest }: Inspection,
  bold: (text: string) => string = (text) => text,
): string {
  const known = published
    ? `${published.name} as published by the authors, under ${published.license}`
    : 'not a file that the authors published';
  const trained = published?.experiment ? [['experiment', published.experiment]] : [];
  const file = [
    ['format', FORMATS[format]],
    ['size', formatBytes(bytes)],
    ['md5', md5],
    ['model', known],
    ...trained,
    ...(prefixes.length > 0 ? [['names', `without ${prefixes.map(printable).join(', ')}`]] : []),
  ];
  const others = Object.entries(rest).map(([key, value]) => [printable(key), printable(String(value))]);
  const rows = tensors.map(({ name, dtype, shape, bytes: size }) => [
    printable(name),
    dtype,
    `[${shape.join(', ')}]`,
    formatBytes(size),
  ]);
  const total = tensors.reduce((sum, tensor) => sum + tensor.bytes, 0);
  const summary = `${tensors.length} tensor${tensors.length === 1 ? '' : 's'}, ${elements.toLocaleString('en')} elements, ${formatBytes(total)}`;
  return [
    bold(printable(path)),
    ...table(file),
    ...(others.length > 0 ? ['', bold('other values'), ...table(others)] : []),
    '',
    bold(`state dictionary: ${summary}`),
    ...table(rows),
  ].join('\n');
}

function table(rows: readonly (readonly string[])[]): string[] {
  return alignColumns(rows).map((row) => `  ${row.join('  ')}`.trimEnd());
}
