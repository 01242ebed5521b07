// @ts-check
import { describe, expect, it } from 'vitest';
import { CLASSES, drawShapes, IGNORED } from './draw.mjs';

describe('drawn shapes', () => {
  it('are a function of the name', () => {
    expect(drawShapes('val/000')).toEqual(drawShapes('val/000'));
    expect(drawShapes('val/001').pixels).not.toEqual(drawShapes('val/000').pixels);
  });

  it('have a label for every pixel, with every class and an ignored patch', () => {
    const seen = new Map();
    for (let i = 0; i < 40; i++) {
      const { width, height, pixels, labels } = drawShapes(`val/${i}`);
      expect([labels.length, pixels.length]).toEqual([width * height, 3 * width * height]);
      expect(labels.filter((id) => id === IGNORED).length).toBe(36);
      for (const id of labels) seen.set(id, (seen.get(id) ?? 0) + 1);
    }
    expect([...seen.keys()].sort((a, b) => a - b)).toEqual([...CLASSES.keys(), IGNORED]);
  });
});
