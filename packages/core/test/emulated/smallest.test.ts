/**
 * The smallest case of every op, for an emulated CPU (`npm run test:arm64`, `npm run test:valgrind`), where
 * all of kernels.test.ts takes too long. vitest.config.ts leaves it out elsewhere: kernels.test.ts has these
 * cases, too.
 */
import { cpu } from '../../src/native/cpu.js';
import { testOn } from '../kernels/harness.js';

testOn(cpu, ['float32', 'bfloat16'], {}, 1);
await import('../kernels/kernels.test.js');
