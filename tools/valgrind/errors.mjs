// @ts-check
// Finds the addon's errors in valgrind's XML. Errors of Node's own code, and of code that it compiles, are
// left out.

/** Libraries whose errors count as their caller's. */
const CALLED = /\/(vgpreload_[^/]*|libc\.so\.6|libm\.so\.6|libstdc\+\+\.so\.6|libgomp\.so\.1)$/;

/**
 * @param {string} xml  output of valgrind --xml=yes; truncated if the process was killed
 * @param {string} addon  file name
 * @returns {string[]} one line per error: its kind, and the functions that it is in, innermost first
 */
export function errorsIn(xml, addon) {
  const found = [...xml.matchAll(/<error>([\s\S]*?)<\/error>/g)].flatMap(([, error = '']) => {
    const stack = /<stack>([\s\S]*?)<\/stack>/.exec(error)?.[1] ?? '';
    const frames = [...stack.matchAll(/<frame>([\s\S]*?)<\/frame>/g)].map(([, frame = '']) => ({
      file: textOf(frame, 'obj'),
      name: textOf(frame, 'fn'),
      line: [textOf(frame, 'file'), textOf(frame, 'line')].filter(Boolean).join(':'),
    }));
    const own = frames.find(({ file }) => !CALLED.test(file));
    if (!own?.file.endsWith(`/${addon}`)) return [];
    const what = textOf(error, 'what') || textOf(error, 'text');
    const places = frames
      .filter(({ file }) => file.endsWith(`/${addon}`) || CALLED.test(file))
      .slice(0, 4)
      .map(({ name, line, file }) => `${name || file} ${line}`.trim());
    return [`${what}: ${places.join(' < ')}`];
  });
  return [...new Set(found)];
}

/**
 * @param {string} xml
 * @param {string} element
 */
const textOf = (xml, element) =>
  (new RegExp(`<${element}>([^<]*)</${element}>`).exec(xml)?.[1] ?? '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
