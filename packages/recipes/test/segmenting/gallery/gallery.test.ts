import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { bytes } from '../../../../core/test/support/prng.js';
import { temporaryFolder } from '../../../../train/test/support/images.js';
import { assertBalanced } from '../../../../train/test/support/xml.js';
import { vistasClasses } from '../../../src/index.js';
import { renderGallery } from '../../../src/segmenting/gallery/page.js';
import type { GalleryRecord } from '../../../src/segmenting/gallery/record.js';
import {
  buildGallery,
  type GalleryImage,
  writeGalleryRecord,
} from '../../../src/segmenting/gallery/write.js';

function record(name: string, classes = 3): GalleryRecord {
  return {
    version: 1,
    name,
    file: `photos/${name}.jpg`,
    width: 2048,
    height: 1536,
    seconds: 3.5,
    meanConfidence: 0.75,
    classes: Array.from({ length: classes }, (_, id) => {
      return { id, name: `<c${id}> & co`, color: [id, 2, 3] as [number, number, number], pixels: 100 - id };
    }),
    outputs: ['prediction', 'overlay'],
    thumbnail: { width: 480, height: 360 },
  };
}

describe('the page of a gallery', () => {
  it.each([0, 1, 2, 1000])('is complete with %i images, and loads nothing external', (count) => {
    const records = Array.from({ length: count }, (_, i) => record(`image ${i}`, 1 + (i % 65)));
    const html = renderGallery(records, [['network', 'a <b> & c']]);
    assertBalanced(html);
    expect(html).not.toMatch(/<script|url\(|@import|https?:/);
    const addresses = [...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) => address ?? '');
    const ours = /^(gallery\/image%20\d+_\w+\.(jpg|png)|image%20\d+(_overlay)?\.png|#image-\d+)$/;
    expect(addresses.filter((address) => !ours.test(address))).toEqual([]);
    expect(html.match(/<img [^>]*loading="lazy"[^>]*alt="[^"]+"/g)?.length ?? 0).toBe(4 * count);
    expect(html.match(/<img /g)?.length ?? 0).toBe(4 * count);
  });

  it('enlarges small images to the width of their columns', () => {
    const small = { ...record('small', 1), thumbnail: { width: 85, height: 96 } };
    const html = renderGallery([small], []);
    expect(html).toContain('<img class="small" loading="lazy" width="85" height="96"');
    expect(html).toMatch(/figure img\{display:block;width:100%;height:auto;/);
  });

  it('escapes names, in text, attributes and addresses', () => {
    const html = renderGallery([record(`"><img onerror=x> & 'é%#?`)], []);
    assertBalanced(html);
    expect(html).toContain('<h3>&quot;&gt;&lt;img onerror=x&gt; &amp; &#39;é%#?.jpg</h3>');
    expect(html).toContain(
      'src="gallery/%22%3E%3Cimg%20onerror%3Dx%3E%20%26%20&#39;%C3%A9%25%23%3F_photo.jpg"',
    );
    expect(html).toContain('&lt;c0&gt; &amp; co');
    expect(html).not.toContain('<c0>');
  });

  it('links only to files that were written', () => {
    const html = renderGallery([{ ...record('a'), outputs: ['prediction', 'probability'] }], []);
    const links = [...html.matchAll(/<a href="([^#"]*)"/g)].map(([, href]) => href);
    expect(links).toEqual(['a.png', 'a_prob.png']);
  });

  it('shows sizes, times, confidence, shares and scores', () => {
    const scored = { ...record('b', 20), scores: { meanIou: 43.219, pixelAccuracy: null } };
    const html = renderGallery([record('a'), { ...scored, seconds: 6.5, meanConfidence: null }], []);
    expect(html).toContain('<dt>computing time</dt><dd>0:10 (5.00 s an image)</dd>');
    expect(html).toContain('<dt>mean confidence</dt><dd>0.750</dd>');
    expect(html).toContain('<dt>mean IoU of an image</dt><dd>43.22 % (1 with labels)</dd>');
    expect(html).toContain('<p class="soft">2048×1536 · 3.50 s · mean confidence 0.750</p>');
    expect(html).toContain(
      '<p class="soft">2048×1536 · 6.50 s · mean IoU 43.22 % · – of the pixels right</p>',
    );
    expect(html).toContain(
      '<i class="chip" style="background:rgb(0,2,3)"></i>&lt;c0&gt; &amp; co <span class="soft">33.7 %</span>',
    );
    expect(html).toContain('<summary>8 more</summary>');
    expect(html).toContain('<summary>Classes: 20 occur</summary>');
  });
});

function image(file: string, width = 60, height = 40): GalleryImage {
  const pixels = width * height;
  return {
    file,
    photo: { width, height, channels: 3, data: bytes(file, [3 * pixels]) },
    prediction: { width, height, data: Uint8Array.from({ length: pixels }, (_, i) => (i < width ? 27 : 13)) },
    confidence: { width, height, data: new Float32Array(pixels).fill(0.5) },
    classes: vistasClasses,
    seconds: 1.25,
    outputs: ['prediction', 'record'],
  };
}

describe('the gallery of a folder', () => {
  it('has a record and four thumbnails for each image', async () => {
    const out = await temporaryFolder();
    await writeGalleryRecord(out, { ...image('in/a.jpg'), scores: { meanIou: 50, pixelAccuracy: 75 } });
    expect((await readdir(join(out, 'gallery'))).sort()).toEqual([
      'a.json',
      'a_confidence.jpg',
      'a_overlay.jpg',
      'a_photo.jpg',
      'a_prediction.png',
    ]);
    expect(JSON.parse(await readFile(join(out, 'gallery/a.json'), 'utf8'))).toEqual({
      version: 1,
      name: 'a',
      file: 'in/a.jpg',
      width: 60,
      height: 40,
      seconds: 1.25,
      meanConfidence: 0.5,
      classes: [
        { id: 13, name: 'Road', color: [128, 64, 128], pixels: 60 * 39 },
        { id: 27, name: 'Sky', color: [70, 130, 180], pixels: 60 },
      ],
      scores: { meanIou: 50, pixelAccuracy: 75 },
      outputs: ['prediction'],
      thumbnail: { width: 60, height: 40 },
    });
  });

  it('shrinks large images, and class maps without mixing classes', async () => {
    const out = await temporaryFolder();
    await writeGalleryRecord(out, image('a.jpg', 3600, 3));
    const png = decode(await readFile(join(out, 'gallery/a_prediction.png')));
    expect(png).toMatchObject({ width: 360, height: 1 });
    expect(new Set(png.data)).toEqual(new Set([13]));
    const { thumbnail } = JSON.parse(await readFile(join(out, 'gallery/a.json'), 'utf8'));
    expect(thumbnail).toEqual({ width: 360, height: 1 });
  });

  it('accepts gray photographs and pixels without a probability', async () => {
    const out = await temporaryFolder();
    const [width, height] = [3, 2];
    const photo = { width, height, channels: 1, data: new Uint8Array(6).fill(90) } as const;
    const confidence = { width, height, data: new Float32Array(6).fill(Number.NaN) };
    await writeGalleryRecord(out, { ...image('a.jpg', width, height), photo, confidence });
    const { meanConfidence } = JSON.parse(await readFile(join(out, 'gallery/a.json'), 'utf8'));
    expect(meanConfidence).toBeNull();
    expect(await buildGallery(out)).toEqual({ images: 1, ignored: [] });
  });

  it('shows the images of earlier runs once each, and ignores other files', async () => {
    const out = await temporaryFolder();
    await writeGalleryRecord(out, image('in/b.jpg'));
    await buildGallery(out);
    await writeGalleryRecord(out, image('in/a.jpg'));
    await writeGalleryRecord(out, image('in/b.jpg'));
    await writeFile(join(out, 'gallery/torn.json'), '{"version": 1, "na');
    await writeFile(join(out, 'gallery/other.json'), '{"version": 2}');
    expect(await buildGallery(out)).toEqual({ images: 2, ignored: ['other.json', 'torn.json'] });
    const html = await readFile(join(out, 'index.html'), 'utf8');
    expect([...html.matchAll(/<h3>(.*?)<\/h3>/g)].map(([, name]) => name)).toEqual(['a.jpg', 'b.jpg']);
    await rm(join(out, 'gallery/a.json'));
    expect((await buildGallery(out)).images).toBe(1);
  });

  it('is complete if several processes build it as they end', async () => {
    const out = await temporaryFolder();
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    await Promise.all(
      names.map(async (name) => {
        await writeGalleryRecord(out, image(`in/${name}.jpg`, 4, 4));
        await buildGallery(out);
      }),
    );
    const html = await readFile(join(out, 'index.html'), 'utf8');
    expect([...html.matchAll(/<h3>(.)\.jpg<\/h3>/g)].map(([, name]) => name)).toEqual(names);
    expect((await readdir(out)).sort()).toEqual(['gallery', 'index.html']);
  });

  it('refuses maps of another size', async () => {
    const out = await temporaryFolder();
    const wrong = { ...image('a.jpg'), confidence: { width: 1, height: 1, data: new Float32Array(1) } };
    await expect(writeGalleryRecord(out, wrong)).rejects.toThrow(
      'the photograph has 60×40 pixels but its map of probabilities 1×1',
    );
    expect(await readdir(out)).toEqual([]);
  });
});
