import { expect, it } from 'vitest';
import { errorsIn } from './errors.mjs';

const frame = (obj, fn, line = '') =>
  `<frame><ip>0x1</ip><obj>${obj}</obj><fn>${fn}</fn>${line && `<file>gemm.cc</file><line>${line}</line>`}</frame>`;
const error = (what, ...frames) =>
  `<error><kind>InvalidRead</kind>${what}<stack>${frames.join('')}</stack></error>`;
const READ = '<what>Invalid read of size 4</what>';
const COPY = '<xwhat><text>Source and destination overlap</text></xwhat>';
const ADDON = '/build/inplace_abn.node';

it('reports errors of the addon once, including those in functions that it calls', () => {
  const xml = [
    error(READ, frame(ADDON, 'pack&lt;float&gt;(float*)', '7'), frame('/usr/bin/node', 'run')),
    error(READ, frame(ADDON, 'pack&lt;float&gt;(float*)', '7'), frame('/usr/bin/node', 'main')),
    error(COPY, frame('/usr/lib/libc.so.6', 'memcpy'), frame(ADDON, 'copy', '9')),
    error(READ, frame('/usr/bin/node', 'napi_call'), frame(ADDON, 'call')),
    error(READ, frame('/usr/lib/libc.so.6', 'strlen'), frame('/usr/bin/node', 'start')),
    '<error><what>cut off</what><stack>',
  ];
  expect(errorsIn(xml.join('\n'), 'inplace_abn.node')).toEqual([
    'Invalid read of size 4: pack<float>(float*) gemm.cc:7',
    'Source and destination overlap: memcpy < copy gemm.cc:9',
  ]);
});

it('finds none in a clean run', () =>
  expect(errorsIn('<valgrindoutput></valgrindoutput>', 'a.node')).toEqual([]));
