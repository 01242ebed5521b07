import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../train/test/support/images.js';
import { ConfigError } from '../../src/config/config.js';
import { loadClasses, vistasClasses } from '../../src/segmentation/classes.js';

async function load(content: unknown) {
  const path = join(await temporaryFolder(), 'c.json');
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return loadClasses(path).catch((error: unknown) => {
    if (error instanceof ConfigError) return error.message.replaceAll(path, 'c.json');
    throw error;
  });
}

const road = { id: 0, name: 'Road', color: [128, 64, 128] };
const sky = { id: 1, name: 'Sky', color: [70, 130, 180] };

describe('the classes of Vistas', () => {
  it('are the 65 outputs of the published network', () => {
    expect(vistasClasses).toHaveLength(65);
    expect(vistasClasses.map(({ id }) => id)).toEqual([...Array(65).keys()]);
    expect(new Set(vistasClasses.map(({ name }) => name)).size).toBe(65);
    expect(vistasClasses[0]).toEqual({ id: 0, name: 'Bird', color: [165, 42, 42] });
    expect(vistasClasses[27]).toEqual({ id: 27, name: 'Sky', color: [70, 130, 180] });
    expect(vistasClasses[64]).toEqual({ id: 64, name: 'Ego Vehicle', color: [120, 10, 10] });
  });
});

describe("the user's class list", () => {
  it('is read and ordered by id', async () => {
    expect(await load([sky, road])).toEqual([road, sky]);
  });

  it.each<[string, unknown, string]>([
    ['no list', { classes: [road] }, 'c.json:1:1: expected a list of 1 to 256 classes, received {"classes":'],
    ['an empty list', [], 'c.json:1:1: expected a list of 1 to 256 classes, received []'],
    ['a missing name', [{ id: 0, color: [1, 2, 3] }], 'c.json:1:2: [0].name: is missing, expected a name'],
    ['a blank name', [{ ...road, name: ' ' }], 'c.json:1:17: [0].name: expected a name, received " "'],
    [
      'an id beyond bytes',
      [{ ...road, id: 256 }],
      'c.json:1:8: [0].id: expected an integer from 0 to 255, received 256',
    ],
    [
      'a short color',
      [{ ...road, color: [1, 2] }],
      '[0].color: expected a list of three integers from 0 to 255',
    ],
    ['a color of 256', [{ ...road, color: [1, 256, 2] }], '[0].color[1]: expected a list of three integers'],
    ['an id that is used', [road, { ...sky, id: 0 }], '[1].id: 0 is already the id of "Road"'],
    [
      'a gap',
      [road, { ...sky, id: 7 }],
      '[1].id: expected an id from 0 to 1, one for each class; "Sky" has 7',
    ],
    ['a slip', [{ ...road, colour: 1 }], '[0].colour: unknown key; did you mean "color"?'],
    [
      'an unknown key',
      [{ ...road, instances: true }],
      '[0].instances: unknown key; known are id, name, color',
    ],
    [
      'a key twice',
      '[{"id": 0, "id": 0, "name": "A", "color": [0, 0, 0]}]',
      '[0].id: given twice, first on line 1',
    ],
    ['no JSON', '[{"id": 0,}]', 'c.json:1:11: not valid JSON'],
  ])('is refused: %s', async (_, content, message) => {
    expect(await load(content)).toContain(message);
  });

  it('is named if it does not exist', async () => {
    await expect(loadClasses('/nowhere/c.json')).rejects.toThrow(
      '/nowhere/c.json: there is no such file; expected a JSON list of classes',
    );
  });
});
