export type { DataItem, DataValue, EventData } from './event-template.js'
export { isEvtx, readEvtx } from './reader.js'
export { type EvtxEvent, EvtxWriter } from './writer.js'
