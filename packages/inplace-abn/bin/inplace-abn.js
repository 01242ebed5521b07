#!/usr/bin/env node
import { start } from '@inplace-abn/cli/start';

start('inplace-abn', async () => {
  const { run } = await import('../dist/cli.js');
  await run(process.argv.slice(2));
});
