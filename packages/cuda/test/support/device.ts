import { type CudaDevice, cuda } from '../../src/index.js';
import { emulate } from './emulated.js';

/** The GPU or the emulated device. */
export function testedDevice(): CudaDevice {
  emulate();
  return cuda(0);
}
