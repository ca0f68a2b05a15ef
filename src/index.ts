/**
 * latchkey as a library. The rooms are also to be had one by one: `latchkey/telemetry`, `latchkey/events`, `latchkey/ir`,
 * `latchkey/dialects/kql`, `latchkey/dialects/sigma`, `latchkey/backends/duckdb`, `latchkey/detection`, `latchkey/findings`.
 *
 *     const store = await Store.open(loadModel())
 *     const read = await ingest(store, ['logs'])
 *     const report = await reportOf(store, { read, asOf: undefined, since: undefined, until: undefined, allTools: false, seconds: () => 0 })
 */
export { ingest, Store, StoreError } from './backends/duckdb/index.js'
export { identify, loadCatalogue, loadRules, runRule } from './detection/index.js'
export { loadModel } from './events/index.js'
export { type Report, render, reportOf } from './findings/index.js'
export { version } from './findings/version.js'
