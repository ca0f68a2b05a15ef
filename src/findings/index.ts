/** What an analyst reads: the report of a store, and how it is drawn. */
export { FORMATS, type Format, render } from './render/index.js'
export type * from './report.js'
export { type ReportOptions, reportOf } from './scan.js'
