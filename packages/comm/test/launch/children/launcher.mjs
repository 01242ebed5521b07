// @ts-check
// A program with --nproc: launcher.mjs NPROC GRACE_MS CHILD [ARGUMENTS]
import { launch } from '@inplace-abn/comm';

const [nproc, graceMs, ...argv] = process.argv.slice(2);
process.exitCode = await launch({ nproc: Number(nproc), graceMs: Number(graceMs), argv });
