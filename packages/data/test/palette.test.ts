import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readPalette } from '../src/palette.js';
import { temporaryFolder, writeFiles } from './images.js';

async function read(text: string) {
  const folder = await temporaryFolder();
  await writeFiles(folder, { palette: text });
  return readPalette(join(folder, 'palette'));
}

const EXPECTED = [
  { id: 0, name: 'sky', color: [70, 130, 180] },
  { id: 1, name: 'paved road', color: [128, 64, 128] },
];

describe('readPalette', () => {
  it.each([
    ['CSV with a header', 'name,r,g,b\nsky,70,130,180\npaved road,128,64,128\n'],
    ['CSV with the name last', '70,130,180,sky\r\n128,64,128,"paved road"\r\n'],
    ['CamVid', '70 130 180\t\tsky\n128 64 128\t\tpaved road\n'],
    ['CVAT', '# label:color_rgb:parts:actions\nsky:70,130,180::\npaved road:128,64,128::\n'],
    ['GIMP', 'GIMP Palette\nName: streets\nColumns: 2\n#\n 70 130 180\tsky\n128  64 128\tpaved road\n'],
    ['ids before colors', '0 70 130 180 sky\n1 128 64 128 paved road\n'],
    ['ids before names', 'id;name;r;g;b\n0;sky;70;130;180\n1;paved road;128;64;128\n'],
    ['JSON', JSON.stringify(EXPECTED)],
  ])('reads %s', async (_, text) => {
    expect(await read(text)).toEqual(EXPECTED);
  });

  it('keeps ids that do not start at 0, and names unnamed classes', async () => {
    expect(await read('9 1 2 3\n4 5 6 7 grass\n')).toEqual([
      { id: 9, name: 'class 9', color: [1, 2, 3] },
      { id: 4, name: 'grass', color: [5, 6, 7] },
    ]);
    expect(await read('class 1,128,0,0\n')).toEqual([{ id: 0, name: 'class 1', color: [128, 0, 0] }]);
  });

  it.each([
    ['', 'palette: has no colors'],
    ['sky 70 130\n', 'palette:1: has no color: expected a name and three numbers'],
    ['sky 70 130 180\nroad 128 64\n', 'palette:2: has no color: expected a name and three numbers'],
    ['sky 70 130 280\n', 'palette:1: has no color 70, 130, 280: expected'],
    ['sky 1 2 3\nsea 1 2 3\n', 'palette:2: has the color 1, 2, 3 for sea and sky, as line 1'],
    ['300 1 2 3 sea\n', 'palette:1: has the id 300: expected one from 0 to 255'],
    ['[{"name": "sky"}]', 'palette: entry 0 is not {id, name, color} with a color of three numbers'],
    ['[{', 'palette: is not JSON ('],
    ['{}', 'palette: is not a JSON list of {id, name, color}'],
  ])('names the file and line of a mistake: %j', async (text, message) => {
    await expect(read(text)).rejects.toMatchObject({ code: 'ERR_LABEL_FILE' });
    await expect(read(text)).rejects.toThrow(message);
  });

  it.each([
    ['alpha', '70,130,180,255,sky\n128,64,128,255,road\n', '1: has a number after the color 70, 130, 180'],
    ['alpha after a name', 'sky 70 130 180 255\nroad 128 64 128 255\n', '1: has a number after the color 70'],
    ['an id after the color', '70 130 180 0\n128 64 128 1\n', '1: has a number after the color 70, 130, 180'],
    ['a header that starts with red', 'R;G;B;ID\n70;130;180;9\n', '2: has a number after the color 70'],
    [
      'a comment that starts with red',
      '# red green blue id\n1 130 180 9\n',
      '2: has a number after the color 1, 130, 180',
    ],
  ])('refuses %s', async (_, text, message) => {
    await expect(read(text)).rejects.toMatchObject({ code: 'ERR_LABEL_FILE' });
    await expect(read(text)).rejects.toThrow(`palette:${message}`);
    await expect(read(text)).rejects.toThrow('expected the id before the color, and no alpha');
  });

  it.each([
    ['of the same blue', '0 70 130 255\n1 128 64 255\n', [70, 130, 255]],
    ['whose names end with numbers', 'class 1,70,130,255\nclass 2,128,64,255\n', [70, 130, 255]],
    ['of one row', '9 70 130 255\n', [70, 130, 255]],
  ])('reads ids before colors %s', async (_, text, color) => {
    expect((await read(text))[0]?.color).toEqual(color);
  });

  it('reports a missing file', async () => {
    await expect(readPalette('/nowhere/palette')).rejects.toThrow('/nowhere/palette: cannot be read (ENOENT');
  });
});
