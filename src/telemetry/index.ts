/** Reads telemetry: paths → open sources → records. */
export type { ArchiveLimits } from './archive/limits.js'
export { type ReadBlock, readPaths, readSource } from './read.js'
export {
  type FaultCode,
  type FieldLayout,
  type FieldValue,
  type FormatName,
  fault,
  type OpenSource,
  type Reader,
  type ReadFault,
  type ReadItem,
  type RecordSnapshot,
  snapshot,
  type TelemetryRecord,
} from './record.js'
export { type Sniffed, sniff } from './sniff.js'
export { type NamedFault, openSources, type SourceFile } from './source.js'
export { formatTime, parseTime, type Time } from './time.js'
export { walk } from './walk.js'
