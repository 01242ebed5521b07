/**
 * One record per op, whose cases serve every kernel test. Omitting an op does not compile. (After ggml, which
 * uses one test record per op for every purpose.)
 */
import type { OpDefinition } from '../../src/ir/define.js';
import type { OpName, ops } from '../../src/ops/index.js';
import type { KernelCase } from './operands.js';
import { abn } from './records/abn.js';
import { channelwise } from './records/channels.js';
import { classes } from './records/classes.js';
import { collective } from './records/collective.js';
import { elementwise } from './records/elementwise.js';
import * as expressions from './records/expressions.js';
import { groups } from './records/groups.js';
import { matrix } from './records/matrix.js';
import { imageRows } from './records/rows.js';
import { spatial } from './records/spatial.js';
import { windows } from './records/windows.js';

type AttributesOf<N extends OpName> = (typeof ops)[N] extends OpDefinition<infer A> ? A : never;

export type Records = { readonly [N in OpName]: readonly KernelCase<AttributesOf<N>>[] };

export const records: Records = {
  ...abn,
  ...channelwise,
  ...classes,
  ...collective,
  ...elementwise,
  ...groups,
  elementwise: expressions.elementwise,
  sum: expressions.sum,
  ...expressions.layout,
  ...imageRows,
  ...matrix,
  ...spatial,
  ...windows,
};
