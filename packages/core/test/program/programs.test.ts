/** Programs over one store that share one arena. */
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/compile/compile.js';
import type { Device } from '../../src/devices/device.js';
import { trace } from '../../src/ir/tracer.js';
import { cpu } from '../../src/native/cpu.js';
import { linear } from '../../src/ops/linear.js';
import { Programs } from '../../src/program/programs.js';
import { statesOf } from '../../src/program/store.js';

const graphOf = (rows: number) =>
  trace((tracer) => {
    const weight = tracer.state('weight', [2, 3], 'float32', 'parameter');
    return { y: linear(tracer.input('x', [rows, 3], 'float32'), weight, null) };
  });
const [small, large] = [graphOf(4), graphOf(400)];
const plans = { small: compile(small, cpu()), large: compile(large, cpu()) };

function programs(device: Device = cpu()): Programs {
  const made = new Programs(device, statesOf(small, large));
  made.store.write('weight', Float32Array.of(1, 0, 0, 0, 1, 1));
  return made;
}

describe('programs', () => {
  it('share a store and an arena, which grows for a larger plan', async () => {
    const made = programs();
    const first = made.program(plans.small);
    expect(made.program(plans.small)).toBe(first);
    expect(made.bytes).toBe(plans.small.arenaBytes + made.store.bytes);
    const second = made.program(plans.large);
    expect(made.bytes).toBe(plans.large.arenaBytes + made.store.bytes);
    // The first arena was released.
    const again = made.program(plans.small);
    expect(again).not.toBe(first);
    expect(again.arena).toBe(second.arena);
    const { outputs } = await again.run({ x: Float32Array.from({ length: 12 }, (_, i) => i) });
    expect(outputs.y).toEqual(Float32Array.of(0, 3, 3, 9, 6, 15, 9, 21));
    made.discard();
    expect(made.bytes).toBe(made.store.bytes);
  });

  it('are rejected if they need more memory than the machine has', () => {
    const device: Device = Object.create(cpu(), {
      availableBytes: { value: () => 100 },
      limitedBy: { value: () => null },
    });
    const fitting = { what: 'batch 400', advice: 'take fewer rows' };
    expect(() => programs(device).reserve([plans.large], fitting)).toThrow(
      expect.objectContaining({
        code: 'ERR_MEMORY',
        message: expect.stringMatching(
          /^the plan for batch 400 needs .* but only 100 B .*: take fewer rows$/,
        ),
      }),
    );
  });
});
