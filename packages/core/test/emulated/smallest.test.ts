/**
 * The smallest case of every op, for an emulated CPU (`npm run test:arm64`, `npm run test:valgrind`), on
 * which all of kernels.test.ts would take too long. vitest.config.ts excludes this file elsewhere, because
 * kernels.test.ts has these cases too.
 */
import { cpu } from '../../src/native/cpu.js';
import { testOn } from '../kernels/harness.js';

testOn(cpu, ['float32', 'bfloat16'], {}, 1);
await import('../kernels/kernels.test.js');
