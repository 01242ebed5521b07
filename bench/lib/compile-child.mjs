// @ts-check
// Traces and compiles a training step after the libraries are loaded, and prints JSON.
import { cpu } from '@inplace-abn/core';
import { planReport } from '@inplace-abn/recipes';
import { networkConfig } from './training.mjs';

const [arch = 'resnet50', batch = '16', precision = 'float32'] = process.argv.slice(2);
if (precision !== 'float32' && precision !== 'bfloat16') throw new Error(`unknown precision ${precision}`);

planReport(networkConfig('resnet18', 2, precision, 64), 2, cpu());
const start = performance.now();
const { report } = planReport(networkConfig(arch, Number(batch), precision), Number(batch), cpu());
const seconds = (performance.now() - start) / 1000;
process.stdout.write(JSON.stringify({ seconds, arena: report.arenaBytes, peak: report.peak }));
