// @ts-check
// child.mjs BEHAVIOR RANK: a launched process. That rank acts; the others wait to be terminated.
import { followLauncher } from '@inplace-abn/comm';

followLauncher();
const { RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR, MASTER_PORT, OMP_NUM_THREADS, IABN_SECRET } = process.env;
const [behavior, rank] = process.argv.slice(2);
const stay = () => setInterval(() => {}, 1_000);

/** @type {Record<string, () => unknown>} */
const behaviors = {
  tell() {
    process.stdout.write(
      `rank ${RANK} of ${WORLD_SIZE}, ${LOCAL_RANK} here\nat ${MASTER_ADDR}:${MASTER_PORT}\n`,
    );
    process.stderr.write(`threads ${OMP_NUM_THREADS}, secret of ${IABN_SECRET?.length}\n`);
  },
  fail: () => process.exit(3),
  crash: () => process.kill(process.pid, 'SIGKILL'),
};

const started = () => process.stdout.write(`started ${process.pid}\n`);
if (behavior === 'deaf') {
  process.on('SIGTERM', () => {});
  stay();
} else if (behavior === 'count') {
  let signals = 0;
  process.on('SIGINT', () => {
    signals++;
    // A second signal would arrive at once, so end late enough to see it.
    setTimeout(() => {
      process.stdout.write(`${signals} SIGINT\n`);
      process.exit(130);
    }, 200);
  });
  stay();
} else if (behavior === 'stay' || (rank !== RANK && rank !== 'all')) stay();
// The test may send signals as soon as it reads this.
started();
if (rank === RANK || rank === 'all') behaviors[behavior ?? '']?.();
