// @ts-check
// The highlighter of TypeDoc, so that guides and reference look alike.
import {
  bundledLanguages,
  bundledThemes,
  codeToTokensWithThemes,
  createOnigurumaEngine,
  createShikiInternal,
  loadBuiltinWasm,
} from '@gerrit0/mini-shiki';

const LANGUAGES = /** @type {const} */ (['ts', 'js', 'json', 'sh', 'html', 'python', 'cpp', 'cmake']);
const THEMES = { light: 'github-light', dark: 'github-dark' };

/** @returns {Promise<import('./markdown.mjs').Highlight>} */
export async function createHighlighter() {
  await loadBuiltinWasm();
  const shiki = await createShikiInternal({
    engine: await createOnigurumaEngine(),
    langs: LANGUAGES.map((language) => bundledLanguages[language]),
    themes: [bundledThemes['github-light'], bundledThemes['github-dark']],
  });
  const known = new Set(shiki.getLoadedLanguages());
  return (code, info) => {
    const [lang = ''] = info.split(' ');
    if (!known.has(lang)) return escapeHtml(code);
    const lines = codeToTokensWithThemes(shiki, code.trimEnd(), { lang, themes: THEMES });
    return lines.map((line) => line.map(span).join('')).join('\n');
  };
}

/** @param {ReturnType<typeof codeToTokensWithThemes>[number][number]} token */
function span({ content, variants }) {
  const { light, dark } = variants;
  return `<span style="--light:${light?.color};--dark:${dark?.color}">${escapeHtml(content)}</span>`;
}

/** @param {string} text */
export const escapeHtml = (text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
