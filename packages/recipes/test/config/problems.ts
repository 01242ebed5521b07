import { ConfigError, resolveConfig } from '../../src/config/config.js';

export const architectures = ['resnet18', 'resnet34', 'resnet50', 'resnet101'];

/** The lines of the error for a configuration; none for a good one. */
export function problemsOf(object: unknown): string[] {
  try {
    resolveConfig(object, 'c.json', { architectures });
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
  return [];
}
