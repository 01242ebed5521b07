#!/usr/bin/env node
import { start } from '@inplace-abn/cli/start';

start('test-vistas', () => import('../dist/main.js'));
