/** Telemetry records become events of the model in `content/model`. */
export { EventBatch } from './batch.js'
export { type Column, IntegerColumn, NameColumn, TextColumn } from './columns.js'
export { type ColumnType, type EventClass, type EventColumn, type EventModel, loadModel } from './model.js'
export type * from './schema-map.js'
export { EventWriter } from './writer.js'
