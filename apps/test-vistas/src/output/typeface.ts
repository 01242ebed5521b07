/**
 * Text as vector outlines: the same picture on every machine, also where no font is installed. The font covers Latin,
 * Greek and Cyrillic; other characters show as its box.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import opentype, { type Font } from 'opentype.js';

const FILE = '@fontsource/dejavu-sans/files/dejavu-sans-latin-400-normal.woff';

let loaded: Promise<Typeface> | undefined;

/** Reads the font where it is first needed. */
export function loadTypeface(): Promise<Typeface> {
  loaded ??= readFile(createRequire(import.meta.url).resolve(FILE)).then((bytes) => {
    const { buffer, byteOffset, byteLength } = bytes;
    return new Typeface(opentype.parse(buffer.slice(byteOffset, byteOffset + byteLength)));
  });
  return loaded;
}

export class Typeface {
  constructor(private readonly font: Font) {}

  /** Width of a line in pixels, at `size` pixels an em. */
  width(text: string, size: number): number {
    const units = [...text].reduce((sum, character) => sum + this.advance(character), 0);
    return (units * size) / this.font.unitsPerEm;
  }

  /** A line as the data of an SVG path; (x, y) is the left end of its baseline. */
  outline(text: string, x: number, y: number, size: number): string {
    let left = x;
    let path = '';
    for (const character of text) {
      path += this.font.charToGlyph(character).getPath(left, y, size).toPathData(2);
      left += (this.advance(character) * size) / this.font.unitsPerEm;
    }
    return path;
  }

  private advance(character: string): number {
    return this.font.charToGlyph(character).advanceWidth ?? 0;
  }
}
