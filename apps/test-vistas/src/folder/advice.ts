/** The options of test-vistas that help where a library's error says what is wrong. */
import type { Advice } from '@inplace-abn/cli';
import { TRAINED_WITH_ADVICE } from '@inplace-abn/recipes';

export const ADVICE: Advice = {
  ...TRAINED_WITH_ADVICE,
  ERR_MEMORY: ' (--max-size, --memory-budget)',
};
