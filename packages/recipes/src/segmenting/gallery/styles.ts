/** CSS of the gallery, in addition to the common styles. */
export function galleryStyles(): string[] {
  return [
    'body{max-width:1500px}',
    'summary{cursor:pointer;margin:.8rem 0 .4rem}td.name{max-width:24rem;overflow-wrap:anywhere}a{color:var(--activation)}',
    // Images that are far away cost the browser nothing until they come near.
    'article{border-top:1px solid var(--line);padding:1rem 0 1.4rem;content-visibility:auto;contain-intrinsic-size:auto 420px}',
    'h3{font-size:1rem;margin:0;overflow-wrap:anywhere}article p{margin:.1rem 0 .7rem;font-size:.85rem}',
    '.four{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(17rem,100%),1fr));gap:.8rem}',
    'figure{margin:0}figure img{display:block;width:100%;height:auto;max-height:24rem;object-fit:contain;object-position:left top}figure img.small{image-rendering:pixelated}',
    'figcaption{font-size:.8rem;color:var(--soft);margin-top:.25rem}a:focus-visible,summary:focus-visible{outline:2px solid var(--activation);outline-offset:2px}',
    '.chips{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;padding:0;margin:.7rem 0 0;font-size:.85rem}',
    '.chip{display:inline-block;width:.8rem;height:.8rem;border-radius:2px;border:1px solid var(--soft);margin-right:.4rem;vertical-align:-.08rem;box-sizing:border-box}',
  ];
}
