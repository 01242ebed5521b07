/** A save writes from the store and a resume reads into it: neither holds a second copy of the states. */
import { join } from 'node:path';
import { isHostTensor, saveRunState } from '@inplace-abn/checkpoint';
import { cpu, type DeviceMemory, Store } from '@inplace-abn/core';
import { START } from '@inplace-abn/train';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { temporaryFolder } from '../../../train/test/support/images.js';
import { Engine, initialStateOf } from '../../src/index.js';
import { restoreRun } from '../../src/run/restore.js';
import { captureState, layoutOf } from '../../src/run/state.js';
import { torchCheckpointOf, writeTorchCheckpoint } from '../../src/run/torch-checkpoint.js';
import { configOf } from '../support/runs.js';

const config = configOf();
const data = { train: { batches: 7 }, trainImages: 60, trainDigest: '' };

function engineOf(seed: number): Engine {
  const engine = new Engine({ device: cpu(), config, evaluationBatches: [2] });
  engine.load(initialStateOf(engine.network, config.network, seed));
  return engine;
}

/**
 * Records the buffers that the store's memory is read into, and the size of the largest.
 */
function watch(memory: DeviceMemory): { readonly buffers: Set<ArrayBufferLike>; largest: number } {
  const seen = { buffers: new Set<ArrayBufferLike>(), largest: 0 };
  const readInto = memory.readInto.bind(memory);
  vi.spyOn(memory, 'readInto').mockImplementation((offset, target) => {
    seen.largest = Math.max(seen.largest, target.buffer.byteLength);
    seen.buffers.add(target.buffer);
    readInto(offset, target);
  });
  return seen;
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('the states of a run', () => {
  it('go to files and back without being copied', async () => {
    const folder = await temporaryFolder();
    const saved = engineOf(3);
    const momentum = `${saved.store.specs.find(({ kind }) => kind === 'parameter')?.name}.momentum_buffer`;
    const [length, before] = [saved.store.read(momentum).data.length, saved.store.stateDict()];
    saved.store.write(momentum, new Float32Array(length).fill(2));
    const copies = [vi.spyOn(Store.prototype, 'read'), vi.spyOn(Store.prototype, 'stateDict')];
    const seen = watch(saved.store.memory);
    const layout = layoutOf(config, data);
    const state = captureState(saved, { ...START, epoch: 1, step: 7 }, config, { layout, versions: {} });
    expect([...state.model.values(), ...state.optimizer.values()].filter(isHostTensor)).toEqual([]);
    const [own, torch] = [join(folder, 'state.safetensors'), join(folder, 'checkpoint.pth.tar')];
    await saveRunState(own, state);
    await writeTorchCheckpoint(torch, torchCheckpointOf(state, saved, config, data.train.batches));
    for (const copy of copies) expect(copy).not.toHaveBeenCalled();
    // All states of both files pass through one buffer, as large as the largest state.
    const largest = Math.max(...[...before.values()].map(({ data: { byteLength } }) => byteLength));
    expect(seen.largest).toBe(largest);
    expect(seen.buffers.size).toBe(1);

    for (const path of [own, torch]) {
      const resumed = engineOf(4);
      const written = vi.spyOn(Store.prototype, 'write');
      await restoreRun({ engine: resumed, config, data, path, take: 'everything' });
      expect(written.mock.calls.map(([name]) => name)).toEqual([]);
      written.mockRestore();
      for (const name of before.keys()) {
        expect(resumed.store.read(name).data, name).toEqual(saved.store.read(name).data);
      }
    }
  });
});
