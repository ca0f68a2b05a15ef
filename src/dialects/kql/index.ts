/** KQL: Microsoft's parser behind `adapter.ts`, lowered to the query model. */

export { type Discovered, type LoweredKql, type LowerOptions, lowerKql } from './lower.js'
export { LONGEST_QUERY, type ParsedKql, parseKql } from './parser.js'
export type { KqlNode } from './syntax.js'
