/**
 * The planner for scripts of the page, which are not modules: a page that is opened from a file may not load
 * those.
 */
import { architectures, fieldsOf, formatBytes, frontier, plan } from './planning.js';

Object.assign(globalThis, { planner: { architectures, fieldsOf, formatBytes, frontier, plan } });
