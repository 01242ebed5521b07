// @ts-check

/**
 * @typedef {object} Rule
 * @property {RegExp} pattern  matched against one line
 * @property {string} advice
 */

/** Of a sentence: tested where a paragraph or comment begins, and after each full stop. */
export const OPENINGS = [
  {
    pattern: /^What\b(?![^.]*\?)/,
    advice: 'a sentence that opens with a noun clause: name the thing ("Bytes that …", "The …")',
  },
];

/** Of any line of prose, comments and messages alike. @type {readonly Rule[]} */
export const PHRASES = [
  {
    pattern:
      /(?<!\bthere |\bThere )\b(?:is|are|was|were) no (?!(?:longer|more|less|fewer|better|faster|slower|larger|smaller|worse|greater|later|earlier|one)\b)[a-z]/,
    advice: '"is no X": write "is not a X" or "has no X"',
  },
  { pattern: /\b[Bb]eside\b/, advice: '"beside": write "next to" or "compared with"' },
  { pattern: /\bin the place of\b/, advice: '"in the place of": write "instead of"' },
  { pattern: /\bcomput(?:e|es|ed|ing) (?:\w+ )?again\b/, advice: '"computed again": write "recomputed"' },
  { pattern: /\bthe processors\b/, advice: '"the processors": write "the CPU"' },
  { pattern: /\bbut for\b/, advice: '"but for": write "except for"' },
];
