import { type DataItem, type EvtxEvent, EvtxWriter } from '../../telemetry/evtx/index.js'
import type { WindowsRecord } from './windows-record.js'

/** The bytes of an EVTX file with these records, numbered from `firstRecordId` on. */
export function evtxFile(records: readonly WindowsRecord[], firstRecordId: number): Uint8Array {
  const writer = new EvtxWriter()
  for (const [index, record] of records.entries()) writer.add(eventOf(record, firstRecordId + index))
  return writer.finish()
}

function eventOf(record: WindowsRecord, recordId: number): EvtxEvent {
  const { provider, qualifiers, userSid, keywords, data: _, inUserData, binary: __, ...same } = record
  const data = dataOf(record)
  return {
    ...same,
    recordId,
    provider: provider.name,
    keywords: BigInt(keywords),
    ...(provider.guid === undefined ? {} : { providerGuid: provider.guid }),
    ...(qualifiers === undefined ? {} : { qualifiers }),
    ...(userSid === undefined ? {} : { userSid }),
    ...(inUserData ? { userData: { element: 'EventXML', namespace: 'Event_NS', data } } : { data }),
  }
}

/** Values without names are one array, as the event log service writes what old providers give it. */
function dataOf({ data, binary }: WindowsRecord): DataItem[] {
  const named = data.filter(({ name }) => name !== '')
  const items = named.map(({ name, value, type }): DataItem => [name, value, type])
  const unnamed = data.filter(({ name }) => name === '').map(({ value }) => value)
  if (unnamed.length > 0) items.unshift(['', unnamed, 'strings'])
  if (binary) items.push(['Binary', Buffer.from(binary, 'hex')])
  return items
}
