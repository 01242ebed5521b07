/** Explains why the training states in a file are not those of a session of the same network. */
import { UsageError } from '@inplace-abn/core';
import { isAverage } from '@inplace-abn/optim';

interface Difference {
  /** The end of a sentence that begins with the file. */
  readonly text: string;
  /** The option of a session that differs. */
  readonly option: 'optimizer' | 'freeze' | 'average';
}

/**
 * Throws if the names of a file's states show another optimizer, another `freeze` or another `average`.
 *
 * @param path names the file
 * @param expected names of the session's optimizer states and averages
 * @param found those of the file
 * @throws UsageError, code ERR_OTHER_OPTIMIZER, naming the options that differ
 */
export function checkStates(path: string, expected: Iterable<string>, found: Iterable<string>): void {
  const [own, other] = [new Kept(expected), new Kept(found)];
  const differences = [other.slotsBesides(own) ?? other.parametersBesides(own), other.averagesBesides(own)];
  const known = differences.filter((difference) => difference !== null);
  if (known.length === 0) return;
  const options = known.map(({ option }) => option).join(' and ');
  throw new UsageError(
    `${path} is of another training of this network: it ${known.map(({ text }) => text).join('; and it ')}. ` +
      `Create the Session with the ${options} of that training, or load only the weights, with load`,
    { code: 'ERR_OTHER_OPTIMIZER' },
  );
}

/** The kinds of states that a training keeps, by their names. */
class Kept {
  /** Names of the optimizer's slots, such as `exp_avg`. */
  private readonly slots = new Set<string>();
  /** Names of the parameters that have such slots. */
  private readonly parameters = new Set<string>();
  private averages = false;

  constructor(names: Iterable<string>) {
    for (const name of names) {
      if (isAverage(name)) {
        this.averages = true;
        continue;
      }
      const end = name.lastIndexOf('.');
      this.slots.add(name.slice(end + 1));
      this.parameters.add(name.slice(0, end));
    }
  }

  slotsBesides(own: Kept): Difference | null {
    const [theirs, ours] = [this, own].map(({ slots }) => [...slots].sort().join(', ') || 'none');
    if (theirs === ours) return null;
    return { text: `keeps the optimizer states ${theirs}, this Session ${ours}`, option: 'optimizer' };
  }

  parametersBesides(own: Kept): Difference | null {
    const frozen = [...own.parameters].filter((name) => !this.parameters.has(name));
    const trained = [...this.parameters].filter((name) => !own.parameters.has(name));
    const texts = [
      ...(frozen.length > 0 ? [`did not train ${listed(frozen)}, which this Session trains`] : []),
      ...(trained.length > 0 ? [`trained ${listed(trained)}, which this Session freezes`] : []),
    ];
    return texts.length > 0 ? { text: texts.join(', and '), option: 'freeze' } : null;
  }

  averagesBesides(own: Kept): Difference | null {
    if (this.averages === own.averages) return null;
    const text = this.averages
      ? 'has averages of the weights, which this Session does not keep'
      : 'has no averages of the weights, which this Session keeps';
    return { text, option: 'average' };
  }
}

/** The first two names, and how many there are. */
function listed(names: readonly string[]): string {
  const rest = names.length - 2;
  return `${names.slice(0, 2).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
