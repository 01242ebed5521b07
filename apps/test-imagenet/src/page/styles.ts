/** CSS of the test's page, in addition to the common styles. */
export function pageStyles(): string[] {
  return [
    '.columns{display:flex;flex-wrap:wrap;gap:1.5rem 3rem;align-items:flex-start}',
    'h3{font-size:.95rem;margin:.2rem 0 .4rem}td.name{max-width:20rem;overflow-wrap:anywhere}',
    '.confusion{max-width:100%;height:auto;font:12px system-ui,sans-serif}.confusion text{fill:var(--ink)}.confusion .soft{fill:var(--soft)}',
    '.confusion .right{fill:var(--activation)}.confusion .wrong{fill:var(--gradient)}.confusion rect:hover{stroke:var(--ink)}.confusion .frame{fill:none;stroke:var(--line)}',
    '.confusion text.n{text-anchor:middle;pointer-events:none;font-variant-numeric:tabular-nums}',
    '.heat{max-width:100%;border:1px solid var(--line);image-rendering:pixelated}',
    '.worst{display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:1.1rem 1rem}',
    'figure{margin:0;font-size:.8rem;line-height:1.35;overflow-wrap:anywhere}figure .picture{height:128px;display:flex;align-items:flex-end;margin-bottom:.35rem}',
    'figure img{image-rendering:auto;border-radius:3px}figure img.small{image-rendering:pixelated}figure .file{color:var(--soft);font-size:.72rem}',
    '.key{display:inline-block;width:.75rem;height:.75rem;border-radius:2px;vertical-align:-.05rem}.key.right{background:var(--activation)}.key.wrong{background:var(--gradient)}',
  ];
}
