/**
 * The device of a test and the processes that it starts: the CPU, or with IABN_TEST_DEVICE=cuda the first
 * GPU.
 */
import { cpu, type Device } from '@inplace-abn/core';
import { cuda } from '@inplace-abn/cuda';

export function testDevice(): Device {
  return process.env.IABN_TEST_DEVICE === 'cuda' ? cuda(0) : cpu();
}
