import type { NeutralEvent } from './events.js'
import type { Collection } from './fleet.js'
import { otherRecords } from './forms/other-logs.js'
import { securityRecords } from './forms/security.js'
import { sysmonRecords } from './forms/sysmon.js'
import type { WindowsRecord } from './forms/windows-record.js'
import { winlogbeatDocument } from './forms/winlogbeat.js'

/** What the logs of a Windows machine keep of its events, in order of time. */
export function windowsRecords(
  events: readonly NeutralEvent[],
  { only, commandLines }: Pick<Collection, 'only' | 'commandLines'>,
): WindowsRecord[] {
  const settings = { commandLines: commandLines ?? true }
  const records = events.flatMap((event) => [
    ...sysmonRecords(event),
    ...securityRecords(event, settings),
    ...otherRecords(event),
  ])
  return records.filter(({ channel }) => only?.includes(channel) ?? true).sort((one, other) => one.time - other.time)
}

/** The events as lines of JSON, as a shipper of Windows logs writes them: what a scan reads. */
export function* shippedLines(
  events: readonly NeutralEvent[],
  collection: Pick<Collection, 'only' | 'commandLines'> = {},
): Generator<string> {
  const hosts = new Set(events.map(({ host }) => host))
  for (const host of hosts) {
    const numbers = new Map<string, number>()
    const own = events.filter((event) => event.host === host)
    for (const record of windowsRecords(own, collection)) {
      const number = (numbers.get(record.channel) ?? 0) + 1
      numbers.set(record.channel, number)
      yield JSON.stringify(winlogbeatDocument(record, number, host))
    }
  }
}
