// JSON.parse keeps the last of two equal keys without a word, which would let one file mean two things to two
// readers; the safetensors format forbids duplicates.

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;

/** The first key that occurs twice in one object of a text that JSON.parse has accepted, or undefined. */
export function findDuplicateKey(json: string): string | undefined {
  /** Keys seen in each object that is open; an array has none. */
  const open: (Set<string> | undefined)[] = [];
  let text = '';
  for (const [token] of json.matchAll(TOKEN)) {
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
    else if (token.startsWith('"')) text = token;
    else if (token === ':') {
      // Escapes make one key out of two spellings.
      const key: string = JSON.parse(text);
      const keys = open.at(-1);
      if (keys?.has(key)) return key;
      keys?.add(key);
    }
  }
  return undefined;
}
