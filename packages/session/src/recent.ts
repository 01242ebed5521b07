/** A cache that keeps the most recently used values, by key. */
export class Recent<T> {
  private readonly values = new Map<string, T>();

  constructor(private readonly limit: number) {}

  /** The value of a key, made if it is not kept. Beyond the limit, drops the least recently used one. */
  get(key: string, make: () => T): T {
    const value = this.values.get(key) ?? make();
    this.values.delete(key);
    this.values.set(key, value);
    const [oldest] = this.values.keys();
    if (this.values.size > this.limit && oldest !== undefined) this.values.delete(oldest);
    return value;
  }
}
