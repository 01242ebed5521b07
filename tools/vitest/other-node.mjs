// @ts-check
// Preloaded: a program that starts process.execPath starts the Node in IABN_TEST_NODE instead. vitest itself
// runs as usual; the processes that run tests, and those that they start, run on an emulated CPU or under
// valgrind.
process.execPath = process.env.IABN_TEST_NODE ?? process.execPath;
