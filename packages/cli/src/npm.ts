/** Detects options that npm consumed because `--` was missing: `npm run plan CONFIG --batch 8`. */

interface OptionNames {
  readonly long?: string | undefined;
  readonly short?: string | undefined;
}

type Env = Readonly<Record<string, string | undefined>>;

/** The npm_command of `npm run`, in different npm versions. */
const RUN = ['run', 'run-script'];

/** Variables that npm sets for every script, whatever it was given. */
const ALWAYS_SET = new Set(
  ['cache', 'globalconfig', 'init_module', 'node_gyp', 'noproxy', 'prefix', 'userconfig'].map(variable),
);

/**
 * A hint about the options that npm consumed, or null if there are none. npm passes them to the script as
 * environment variables such as npm_config_batch.
 *
 * @param options options of the program
 * @param args arguments that the program received
 */
export function keptByNpm(options: readonly OptionNames[], args: readonly string[], env: Env): string | null {
  const script = env.npm_lifecycle_event;
  if (script === undefined || !RUN.includes(env.npm_command ?? '')) return null;
  const given = new Set(args.map((argument) => argument.split('=', 1)[0]));
  const kept = options.flatMap(({ long, short }) => {
    const names = [long, short].filter((name) => name !== undefined);
    return names.some((name) => given.has(name))
      ? []
      : names.filter((name) => isSet(env[variable(name)]) && !ALWAYS_SET.has(variable(name))).slice(0, 1);
  });
  if (kept.length === 0) return null;
  return `npm kept ${kept.join(', ')} for itself: put -- before the program's arguments, as in npm run ${script} -- ARGUMENTS`;
}

/** A setting that is off is '' where the command line says so, and `false` where the environment does. */
function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== 'false';
}

function variable(option: string): string {
  return `npm_config_${option.replace(/^-+/, '').replaceAll('-', '_')}`;
}
