import { describe, expect, it } from 'vitest';
import { problemsIn } from '../problems.mjs';

const found = (file: string, source: string) => problemsIn(file, source).map(({ line }) => line);

describe('problemsIn', () => {
  it('finds comments and sentences that open with a noun clause', () => {
    expect(found('a.ts', '/** What a kernel reads. */\nlet a = 1; // What is left.')).toEqual([1, 2]);
    expect(found('a.cc', '// The bytes. What is left\n// What runs on from the line above.')).toEqual([1]);
  });

  it('starts a sentence below a directive', () => {
    expect(found('a.mjs', '// @ts-check\n// What a kernel reads.')).toEqual([2]);
  });

  it('accepts questions', () => {
    expect(found('a.md', 'What does it cost? Nothing.')).toEqual([]);
  });

  it('finds comments over 110 columns, unless they cannot wrap', () => {
    const long = `// ${'word '.repeat(25)}end`;
    expect(found('a.ts', `${long}\nlet a = 1;\n/** ${'word '.repeat(25)}*/`)).toEqual([1, 3]);
    expect(found('a.cc', long)).toEqual([]);
    expect(found('a.mjs', `${long}  npm run bench\n// @ts-expect-error ${'word '.repeat(25)}`)).toEqual([]);
  });

  it('finds phrases in messages, and not in code', () => {
    const source = "throw new Error(`x is no folder`);\nthrow new Error('there is no file');\n";
    expect(found('a.ts', source)).toEqual([1]);
    expect(found('a.md', 'beside the other\n\n`beside` names an op\n')).toEqual([1]);
  });
});
