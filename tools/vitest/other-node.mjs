// @ts-check
// Preloaded: what a program starts by process.execPath is the Node in IABN_TEST_NODE in place of its own. So
// vitest runs as usual, and its processes that run tests, with those that they start, run on an emulated CPU.
process.execPath = process.env.IABN_TEST_NODE ?? process.execPath;
