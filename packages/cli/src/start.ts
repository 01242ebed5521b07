/**
 * Runs before a program is loaded, on any Node with modules: this file imports nothing, because an old Node
 * could not link it.
 */

/**
 * Major and minor version of the oldest Node that can run the programs; the same as `engines` of their
 * manifests.
 */
const OLDEST = [20, 15] as const;
/** Exit code of a program on a Node that is too old. */
const TOO_OLD = 2;

/**
 * Loads a program and runs it, or says in one sentence that this Node is too old, with exit code 2.
 *
 * @param name of the program
 * @param load imports it
 * @param version of this Node, such as `20.15.1`
 */
export async function start(
  name: string,
  load: () => Promise<unknown>,
  version: string = process.versions.node,
): Promise<void> {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) {
    await load();
    return;
  }
  process.stderr.write(`error: ${name} needs Node ${OLDEST.join('.')} or later, and this is ${version}\n`);
  process.exitCode = TOO_OLD;
}
