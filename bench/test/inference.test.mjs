import { expect, it } from 'vitest';
import { storedImages } from '../lib/images.mjs';
import { resnet50Inference, runner } from '../lib/inference.mjs';

it('keeps the prepared weights of evaluation between forward passes of training', async () => {
  const side = 64;
  const network = resnet50Inference(1, side);
  const { plan, program, run } = runner(network, 1, 'float32', side);
  const training = runner(network.training, 1, 'float32', side);
  const { logits: first } = await run();
  await training.run();
  const { timings, outputs } = await program.run({ x: storedImages(1, side) }, { timed: true });
  expect(plan.prologue).toBeGreaterThan(0);
  // Skipped instructions have no time.
  expect(timings.findIndex(({ begin, end }) => begin !== 0 || end !== 0)).toBe(plan.prologue);
  expect(outputs.logits).toEqual(first);
  // The states of training change.
  const name = 'mod1.bn1.running_mean';
  expect(network.training.store.read(name)).not.toEqual(network.store.read(name));
});
