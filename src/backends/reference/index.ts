/** The judge: answers the query model over rows in memory, slowly and plainly. */
export { checkPatterns } from './check-patterns.js'
export { foldConstants } from './fold.js'
export { type Row, type Rows, runReference } from './run.js'
