/**
 * The planner as a global for the page's scripts. They are classic scripts, because a page that is opened
 * from a file may not load modules.
 */
import { architectures, fieldsOf, formatBytes, frontier, plan } from './planning.js';

Object.assign(globalThis, { planner: { architectures, fieldsOf, formatBytes, frontier, plan } });
