/** `argv` without the long option `name` and its value, which may be two arguments or one, joined by `=`. */
export function withoutOption(argv: readonly string[], name: string): string[] {
  const kept: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i] ?? '';
    if (argument === '--') return [...kept, ...argv.slice(i)];
    if (argument === `--${name}`) i++;
    else if (!argument.startsWith(`--${name}=`)) kept.push(argument);
  }
  return kept;
}
