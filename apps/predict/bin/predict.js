#!/usr/bin/env node
import { start } from '@inplace-abn/cli/start';

start('predict', () => import('../dist/main.js'));
