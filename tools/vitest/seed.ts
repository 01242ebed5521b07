// Property tests draw the same cases in every run, so that a failure belongs to the change it appears with.
// IABN_TEST_SEED draws others.
import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env.IABN_TEST_SEED ?? 1712) });
