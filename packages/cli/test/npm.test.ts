import { describe, expect, it } from 'vitest';
import { keptByNpm } from '../src/npm.js';

const options = [
  { long: '--batch', short: '-b' },
  { long: '--log-dir' },
  { long: '--audit' },
  { long: '--cache' },
  { short: '-e', long: '--evaluate' },
];
const run = { npm_command: 'run', npm_lifecycle_event: 'plan' };

describe('keptByNpm', () => {
  it('names the options that npm consumed, with or without a value', () => {
    const env = { ...run, npm_config_batch: '8', npm_config_log_dir: 'true' };
    expect(keptByNpm(options, ['config.json', 'runs/a'], env)).toBe(
      "npm kept --batch, --log-dir for itself: put -- before the program's arguments, as in npm run plan -- ARGUMENTS",
    );
    const older = { ...run, npm_command: 'run-script', npm_config_b: 'true' };
    expect(keptByNpm(options, ['config.json', '8'], older)).toContain('npm kept -b for itself');
  });

  it.each([
    ['npm sets a variable for every script', ['config.json'], { ...run, npm_config_cache: '/root/.npm' }],
    ['npm has a setting that is off', ['config.json'], { ...run, npm_config_audit: '' }],
    ['the environment turns a setting off', ['config.json'], { ...run, npm_config_audit: 'false' }],
    ['the program has the option', ['--batch', '8'], { ...run, npm_config_batch: '8' }],
    ['the program has the option with its value', ['--batch=8'], { ...run, npm_config_batch: '8' }],
    ['npm runs tests', [], { ...run, npm_command: 'test', npm_config_batch: '8' }],
    ['there is no npm', [], { npm_config_batch: '8' }],
  ])('reports nothing if %s', (_, args, env) => {
    expect(keptByNpm(options, args, env)).toBeNull();
  });
});
