/** Names of one model: each once. */
export class Names {
  private readonly taken = new Set<string>();

  /** `name`, or with a number behind it where that is taken. */
  of(name: string): string {
    let unique = name;
    for (let number = 1; this.taken.has(unique); number++) unique = `${name}_${number}`;
    this.taken.add(unique);
    return unique;
  }
}
