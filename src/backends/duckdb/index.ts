/** The embedded engine: a store of events in DuckDB, and reading logs into it. */
export { type IngestOptions, type IngestProgress, type IngestResult, ingest } from './ingest.js'
export {
  type FileRow,
  type Part,
  type RejectionRow,
  type SourceRow,
  Store,
  StoreError,
  type StoreOptions,
} from './store.js'
