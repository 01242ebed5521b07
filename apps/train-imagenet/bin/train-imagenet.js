#!/usr/bin/env node
import { start } from '@inplace-abn/cli/start';

start('train-imagenet', () => import('../dist/main.js'));
