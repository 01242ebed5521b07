#!/usr/bin/env node
import { start } from '@inplace-abn/cli/start';

start('test-imagenet', () => import('../dist/main.js'));
