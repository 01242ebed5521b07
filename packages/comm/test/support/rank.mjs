// @ts-check
// One rank of a pool: meets the others, then runs the jobs that the test sends.
import { register } from 'node:module';
import { initProcessGroup } from '@inplace-abn/comm';

register('./job-hooks.mjs', import.meta.url);

const processes = await initProcessGroup();

process.on(
  'message',
  async (/** @type {{ id: number, module: string, argument: unknown }} */ { id, module, argument }) => {
    try {
      if (module === 'close') await processes?.close();
      const job = module === 'close' ? () => null : (await import(module)).default;
      process.send?.({ id, result: await job(processes, argument) });
      if (module === 'close') process.disconnect();
    } catch (error) {
      process.send?.({ id, error: error instanceof Error ? error.message : String(error) });
    }
  },
);
process.send?.({ ready: true });
