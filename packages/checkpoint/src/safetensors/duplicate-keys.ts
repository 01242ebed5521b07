// JSON.parse silently keeps the last of two equal keys, so two readers could disagree about one file. The
// safetensors format forbids duplicates.

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;

/** The first key that occurs twice in an object of a text that JSON.parse has accepted, or undefined. */
export function findDuplicateKey(json: string): string | undefined {
  /** Keys seen in each open object; arrays have none. */
  const open: (Set<string> | undefined)[] = [];
  let text = '';
  for (const [token] of json.matchAll(TOKEN)) {
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
    else if (token.startsWith('"')) text = token;
    else if (token === ':') {
      // Compare unescaped: escapes spell one key in many ways.
      const key: string = JSON.parse(text);
      const keys = open.at(-1);
      if (keys?.has(key)) return key;
      keys?.add(key);
    }
  }
  return undefined;
}
