#!/usr/bin/env node
// Written for any Node: the program itself is not understood by old ones.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 15)) {
  process.stderr.write(
    `error: inplace-abn needs Node 20.15 or later, and this is ${process.versions.node}\n`,
  );
  process.exitCode = 1;
} else {
  import('../dist/cli.js').then(({ run }) => run(process.argv.slice(2)));
}
