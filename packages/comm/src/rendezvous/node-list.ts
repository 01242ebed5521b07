/** Parses Slurm's node list syntax, such as `gpu[03-05,9],login1`. */

/** The first node; undefined for an empty list. */
export function firstHost(nodes: string): string | undefined {
  const match = /^([^,[]*)(?:\[([^\]]*)\])?([^,]*)/.exec(nodes.trim());
  if (!match?.[0]) return undefined;
  const [, prefix = '', ranges, suffix = ''] = match;
  const first = ranges === undefined ? '' : (ranges.split(',')[0]?.split('-')[0] ?? '');
  return `${prefix}${first}${suffix}`;
}
