/** The classes that occur in a picture, as a picture: colour, name and share of the pixels, the largest first. */
import type { Image, Rgb } from '@inplace-abn/data';
import { formatShare } from '@inplace-abn/recipes';
import { px } from '@inplace-abn/train';
import sharp from 'sharp';
import { loadTypeface, type Typeface } from './typeface.js';

export interface LegendEntry {
  readonly name: string;
  readonly color: Rgb;
  /** Of the pixels, 0 to 1. */
  readonly share: number;
}

/** Longer names are cut: one of them must not widen every column. */
const LONGEST_NAME = 40;
/** Far from the sides that renderers of SVG refuse. */
const WIDEST = 16_000;

/** In pixels. */
interface Layout {
  readonly fontSize: number;
  readonly margin: number;
  readonly rowHeight: number;
  readonly columnWidth: number;
  readonly columnGap: number;
  readonly nameOffset: number;
  readonly columns: number;
  readonly rows: number;
}

export class Legend {
  private constructor(
    private readonly entries: readonly LegendEntry[],
    private readonly typeface: Typeface,
    private readonly fontSize: number,
  ) {}

  static async of(entries: readonly LegendEntry[], fontSize: number): Promise<Legend> {
    const cut = entries.map((entry) => ({ ...entry, name: shorten(entry.name) }));
    return new Legend(cut, await loadTypeface(), fontSize);
  }

  /** Width in pixels with a single column: it cannot be narrower. */
  get leastWidth(): number {
    return Math.ceil(this.layout(0).columnWidth + 2 * this.layout(0).margin);
  }

  /** RGB on white, in as many columns as fit into `width` pixels, but one at least. */
  async draw(width: number): Promise<Image> {
    const { data, info } = await sharp(Buffer.from(this.svg(width)))
      .flatten({ background: '#fff' })
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
    return { data, width: info.width, height: info.height, channels: 3 };
  }

  private svg(room: number): string {
    const layout = this.layout(room);
    const { margin, columns, rows, columnWidth, columnGap, rowHeight } = layout;
    const width = Math.ceil(2 * margin + columns * columnWidth + (columns - 1) * columnGap);
    const height = Math.ceil(2 * margin + rows * rowHeight);
    const rowsOfAll = this.entries.map((entry, i) => {
      const x = margin + Math.floor(i / rows) * (columnWidth + columnGap);
      return this.row(entry, x, margin + (i % rows) * rowHeight, layout);
    });
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${rowsOfAll.join('')}</svg>`;
  }

  private row({ name, color, share }: LegendEntry, x: number, y: number, layout: Layout): string {
    const { fontSize, rowHeight, nameOffset, columnWidth } = layout;
    const top = y + (rowHeight - fontSize) / 2;
    // DejaVu's capitals are 0.73 em high: this centres them on the box.
    const baseline = top + 0.865 * fontSize;
    const text = formatShare(share);
    const right = x + columnWidth - this.typeface.width(text, fontSize);
    const outlines =
      this.typeface.outline(name, x + nameOffset, baseline, fontSize) +
      this.typeface.outline(text, right, baseline, fontSize);
    return `<rect x="${px(x + 0.5)}" y="${px(top + 0.5)}" width="${fontSize - 1}" height="${fontSize - 1}" fill="rgb(${color.join(',')})" stroke="#555"/><path fill="#1f2328" d="${outlines}"/>`;
  }

  private layout(room: number): Layout {
    const { fontSize, typeface, entries } = this;
    const widest = (texts: string[]) => Math.max(0, ...texts.map((text) => typeface.width(text, fontSize)));
    const [margin, columnGap, nameOffset] = [Math.round(0.8 * fontSize), 2.5 * fontSize, 1.6 * fontSize];
    const names = widest(entries.map(({ name }) => name));
    const shares = widest(entries.map(({ share }) => formatShare(share)));
    const columnWidth = Math.ceil(nameOffset + names + fontSize + shares);
    const fitting = Math.floor((Math.min(room, WIDEST) - 2 * margin + columnGap) / (columnWidth + columnGap));
    // Equally filled columns: as few as need no more rows than the fitting ones.
    const rows = Math.ceil(entries.length / Math.max(1, fitting));
    const columns = Math.max(1, Math.ceil(entries.length / Math.max(1, rows)));
    const rowHeight = Math.round(1.6 * fontSize);
    return { fontSize, margin, rowHeight, columnWidth, columnGap, nameOffset, columns, rows };
  }
}

function shorten(name: string): string {
  const characters = [...name];
  return characters.length > LONGEST_NAME ? `${characters.slice(0, LONGEST_NAME - 1).join('')}…` : name;
}
