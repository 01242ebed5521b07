// Two processes that share every batch: statistics and gradients are those of all of it.  npm run example -- two-processes
import { initProcessGroup, launch } from '@inplace-abn/comm';
import { Conv2d, GlobalAvgPool2d, InPlaceABNSync, Linear, Sequential } from '@inplace-abn/nn';
import { sgd } from '@inplace-abn/optim';
import { crossEntropy, Session } from '@inplace-abn/session';

if (process.env.RANK === undefined) {
  process.exitCode = await launch({ nproc: 2, argv: process.argv.slice(1) });
} else {
  const processes = await initProcessGroup();
  const group = processes?.group;
  const net = new Sequential({
    conv: new Conv2d(3, 8, 3, { padding: 1, bias: false }),
    bn: new InPlaceABNSync(8),
    pool: new GlobalAvgPool2d(),
    fc: new Linear(8, 2),
  });
  const session = new Session(net, {
    input: { shape: [3, 16, 16] },
    loss: crossEntropy(),
    optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
    group,
  });
  const rank = group?.rank ?? 0;
  const images = Float32Array.from({ length: 8 * 768 }, (_, i) =>
    Math.sin(i * (1 + (Math.floor(i / 768) % 2)) + rank),
  );
  const labels = Int32Array.from({ length: 8 }, (_, i) => i % 2);
  for (let step = 1; step <= 20; step++) {
    const { loss, samples } = await session.train(images, labels); // of both processes
    if (rank === 0 && step % 5 === 0)
      console.log(`step ${step}: loss ${loss.toFixed(4)} of ${samples} images`);
  }
  await processes?.close();
}
