import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { codesIn, codesListed, errorClasses, sources, withoutCode } from './codes.mjs';

const texts = [...sources().values()];
/** Codes of ImageError. */
const OF_IMAGES = ['unreadable', 'too-large', 'unknown-class', 'unknown-color', 'colored-labels'];

describe('errors of the packages', () => {
  it('have a code', () => {
    const classes = errorClasses(texts);
    expect(classes.length).toBeGreaterThan(15);
    expect(withoutCode(classes)).toEqual([]);
  });

  it('have codes that docs/troubleshooting.md lists, once each', () => {
    const listed = codesListed(
      readFileSync(new URL('../../docs/troubleshooting.md', import.meta.url), 'utf8'),
    );
    expect([...listed].sort()).toEqual([...codesIn(texts), ...OF_IMAGES].sort());
  });

  it('are found if they lack a code', () => {
    const text = `class A extends Error {\n  name = 'A';\n}\nclass B extends A {}\nclass C extends Error {\n  readonly code = 'ERR_C';\n}\nclass D extends C {\n}\nclass E extends Map {\n}\n`;
    expect(withoutCode(errorClasses([text]))).toEqual(['A', 'B']);
    expect(errorClasses([text]).map(({ name }) => name)).toEqual(['A', 'B', 'C', 'D']);
  });
});
