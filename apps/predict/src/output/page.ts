/** Writes a page with the first images and their predictions, and how often each class ranks first. */
import { writeFileAtomic } from '@inplace-abn/checkpoint';
import { ImageError, makeThumbnail } from '@inplace-abn/data';
import { bar, escapeText, facts, renderPage } from '@inplace-abn/train';
import type { Guess, Result, Sink } from './result.js';

/** Images on the page; browsers are slow with more. */
export const SHOWN = 400;
/** Longer side of the pictures, in pixels. */
const THUMBNAIL_SIDE = 160;

export interface PageOptions {
  readonly path: string;
  readonly title: string;
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly maxPixels?: number;
  /** Counts all predictions of an image, not only the first. Default false. */
  readonly all?: boolean;
}

export class Page implements Sink {
  private readonly shown: Extract<Result, { guesses: unknown }>[] = [];
  private readonly named = new Map<string, number>();
  private readonly errors: Extract<Result, { error: string }>[] = [];
  private images = 0;
  private failed = 0;

  constructor(private readonly options: PageOptions) {}

  async add(result: Result): Promise<void> {
    if ('error' in result) {
      this.failed++;
      if (this.errors.length < SHOWN) this.errors.push(result);
    } else if ('guesses' in result) {
      this.images++;
      for (const { name } of this.options.all ? result.guesses : result.guesses.slice(0, 1)) {
        this.named.set(name, (this.named.get(name) ?? 0) + 1);
      }
      if (this.shown.length < SHOWN) this.shown.push(result);
    }
  }

  /** Rereads the images to show, one at a time. */
  async close(): Promise<void> {
    const figures: string[] = [];
    for (const { file, guesses } of this.shown) {
      figures.push(figure(file, guesses, await pictureOf(file, this.options.maxPixels)));
    }
    await writeFileAtomic(this.options.path, this.render(figures));
  }

  async abandon(): Promise<void> {}

  private render(figures: readonly string[]): string {
    const { title, facts: entries } = this.options;
    const images = `${this.images}${this.failed > 0 ? ` (${this.failed} more cannot be used)` : ''}`;
    const more =
      this.images > figures.length ? `<p>The first ${figures.length} of ${this.images} images.</p>` : '';
    const sections = [
      facts([...entries, ['images', images]]),
      `<h2>Images</h2>${more}<div class="images">${figures.join('\n')}</div>`,
      this.classTable(),
      this.errorTable(),
    ];
    return renderPage(title, sections, STYLES);
  }

  private classTable(): string {
    const rows = [...this.named]
      .sort((a, b) => b[1] - a[1])
      .map(([name, count]) => {
        const percent = (100 * count) / this.images;
        return `<tr><td>${escapeText(name)}</td><td class="n">${count}</td><td>${bar(percent)}</td></tr>`;
      });
    if (rows.length === 0) return '';
    const title = this.options.all ? 'Labels' : 'Most probable classes';
    return `<h2>${title}</h2><table><tr><th>Class</th><th class="n">Images</th><th></th></tr>${rows.join('\n')}</table>`;
  }

  private errorTable(): string {
    if (this.failed === 0) return '';
    const rows = this.errors.map(
      ({ file, error }) => `<tr><td>${escapeText(file)}</td><td>${escapeText(error)}</td></tr>`,
    );
    const more = this.failed > rows.length ? `<p>and ${this.failed - rows.length} more</p>` : '';
    return `<h2>Images that cannot be used</h2><table><tr><th>File</th><th>Reason</th></tr>${rows.join('\n')}</table>${more}`;
  }
}

function figure(file: string, guesses: readonly Guess[], picture: string): string {
  const rows = guesses.map(({ name, probability }) => {
    const percent = 100 * probability;
    return `<tr><td>${escapeText(name)}</td><td class="n">${percent.toFixed(1)} %</td><td>${bar(percent)}</td></tr>`;
  });
  return `<figure>${picture}<figcaption>${escapeText(file)}</figcaption><table>${rows.join('')}</table></figure>`;
}

async function pictureOf(file: string, maxPixels: number | undefined): Promise<string> {
  try {
    const { type, data, width, height } = await makeThumbnail(file, THUMBNAIL_SIDE, { maxPixels });
    const url = `data:${type};base64,${Buffer.from(data).toString('base64')}`;
    return `<img width="${width}" height="${height}" alt="${escapeText(file)}" src="${url}">`;
  } catch (error) {
    // The file was readable before.
    if (error instanceof ImageError)
      return `<p class="soft">cannot be shown: ${escapeText(error.reason)}</p>`;
    throw error;
  }
}

const STYLES = [
  '.images{display:grid;grid-template-columns:repeat(auto-fill,minmax(17rem,1fr));gap:1.4rem 1.2rem}',
  'figure{margin:0;font-size:.82rem}figure img{border-radius:3px;display:block}figcaption{color:var(--soft);overflow-wrap:anywhere;margin:.3rem 0}',
  'figure td{padding:.1rem .6rem .1rem 0;border:0}figure .bar{width:5rem}',
];
