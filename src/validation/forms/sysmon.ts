import type { NeutralEvent } from '../events.js'
import { type Account, contentOf, hashesOf, type Process } from '../world.js'
import { type DataField, fields, utcText, type WindowsRecord } from './windows-record.js'

/** What Sysmon 15 writes about an event; nothing where it has no event for it. */
export function sysmonRecords(event: NeutralEvent): WindowsRecord[] {
  const { kind, time } = event
  if (kind === 'process-start') return [record(event, 1, 5, processStart(event.process, time))]
  if (kind === 'process-end')
    return [record(event, 5, 3, fields({ ...head(time), ...actor(event.process), User: user(event.process.user) }))]
  if (kind === 'connection') return [record(event, 3, 5, connection(event))]
  if (kind === 'dns')
    return [
      record(
        event,
        22,
        5,
        fields({
          ...head(time),
          ...ids(event.process),
          QueryName: event.name,
          QueryStatus: '0',
          QueryResults: `::ffff:${event.answer};`,
          Image: event.process.path,
          User: user(event.process.user),
        }),
      ),
    ]
  if (kind === 'file-write') {
    const created = fields({
      ...head(time),
      ...actor(event.process),
      TargetFilename: event.path,
      CreationUtcTime: utcText(time),
      User: user(event.process.user),
    })
    return event.url === undefined
      ? [record(event, 11, 2, created)]
      : [record(event, 11, 2, created), record(event, 15, 2, zone(event, event.url))]
  }
  if (kind === 'file-delete')
    return [
      record(event, 26, 5, [
        ...fields({
          ...head(time),
          ...ids(event.process),
          User: user(event.process.user),
          Image: event.process.path,
          TargetFilename: event.path,
          Hashes: hashes(event.path),
        }),
        { name: 'IsExecutable', value: String(/\.(exe|dll|msi)$/i.test(event.path)), type: 'boolean' },
      ]),
    ]
  if (kind === 'registry-set')
    return [
      record(
        event,
        13,
        2,
        fields({
          RuleName: '-',
          EventType: 'SetValue',
          UtcTime: utcText(time),
          ...actor(event.process),
          TargetObject: `${userHive(event.key, event.process.user)}\\${event.value}`,
          Details: event.data,
          User: user(event.process.user),
        }),
      ),
    ]
  if (kind === 'pipe') {
    const id = event.action === 'create' ? 17 : 18
    return [
      record(
        event,
        id,
        1,
        fields({
          RuleName: '-',
          EventType: id === 17 ? 'CreatePipe' : 'ConnectPipe',
          UtcTime: utcText(time),
          ...ids(event.process),
          PipeName: event.name,
          Image: event.process.path,
          User: user(event.process.user),
        }),
      ),
    ]
  }
  return []
}

function record(event: NeutralEvent, eventId: number, version: number, data: DataField[]): WindowsRecord {
  return {
    provider: { name: 'Microsoft-Windows-Sysmon', guid: '{5770385f-c22a-43e0-bf4c-06f5698ffbd9}' },
    channel: 'Microsoft-Windows-Sysmon/Operational',
    eventId,
    version,
    level: 4,
    task: eventId,
    opcode: 0,
    keywords: '0x8000000000000000',
    time: event.time + 1500,
    computer: event.host.fqdn,
    processId: 3124,
    threadId: 4208,
    userSid: 'S-1-5-18',
    data,
  }
}

function processStart(process: Process, time: number): DataField[] {
  const { program, parent } = process
  return fields({
    ...head(time),
    ...actor(process),
    FileVersion: program.version ?? '-',
    Description: program.description ?? '-',
    Product: program.product ?? '-',
    Company: program.company ?? '-',
    OriginalFileName: program.original ?? '-',
    CommandLine: process.command,
    CurrentDirectory: process.folder,
    User: user(process.user),
    LogonGuid: [
      `{${process.guid.slice(0, 8)}-${process.guid.slice(14, 18)}-0000-2000-${process.user.logonId.toString(16).padStart(12, '0')}}`,
      'guid',
    ],
    LogonId: [`0x${process.user.logonId.toString(16)}`, 'hex64'],
    TerminalSessionId: process.user.session,
    IntegrityLevel: process.integrity,
    Hashes: hashes(contentOf(program)),
    ParentProcessGuid: [`{${parent?.guid ?? '00000000-0000-0000-0000-000000000000'}}`, 'guid'],
    ParentProcessId: parent?.pid ?? 0,
    ParentImage: parent?.path ?? '-',
    ParentCommandLine: parent?.command ?? '-',
    ParentUser: parent ? user(parent.user) : '-',
  })
}

function connection(event: Extract<NeutralEvent, { kind: 'connection' }>): DataField[] {
  const { process, host } = event
  return fields({
    ...head(event.time),
    ...actor(process),
    User: user(process.user),
    Protocol: event.protocol,
    Initiated: ['true', 'boolean'],
    SourceIsIpv6: ['false', 'boolean'],
    SourceIp: host.ip,
    SourceHostname: host.fqdn,
    SourcePort: event.localPort,
    SourcePortName: '-',
    DestinationIsIpv6: ['false', 'boolean'],
    DestinationIp: event.ip,
    // Sysmon asks for the address's own name: seldom the one that was asked for.
    DestinationHostname: event.ip.startsWith('10.') ? event.name : '-',
    DestinationPort: event.port,
    DestinationPortName: event.port === 443 ? 'https' : event.port === 80 ? 'http' : '-',
  })
}

function zone(event: Extract<NeutralEvent, { kind: 'file-write' }>, url: string): DataField[] {
  const contents = `[ZoneTransfer]  ZoneId=3  ReferrerUrl=${event.referrer ?? url}  HostUrl=${url}  `
  return fields({
    ...head(event.time),
    ...actor(event.process),
    TargetFilename: `${event.path}:Zone.Identifier`,
    CreationUtcTime: utcText(event.time),
    Hash: hashes(contents),
    Contents: contents,
    User: user(event.process.user),
  })
}

const head = (time: number) => ({ RuleName: '-', UtcTime: utcText(time) })
const ids = (process: Process) => ({ ProcessGuid: [`{${process.guid}}`, 'guid'] as const, ProcessId: process.pid })
const actor = (process: Process) => ({ ...ids(process), Image: process.path })
const user = (account: Account) => `${account.domain}\\${account.name}`

function hashes(content: string): string {
  const { md5, sha256, imphash } = hashesOf(content)
  return `MD5=${md5.toUpperCase()},SHA256=${sha256.toUpperCase()},IMPHASH=${imphash.toUpperCase()}`
}

function userHive(key: string, account: Account): string {
  return key.replace(/^HKCU\\/, `HKU\\${account.sid}\\`)
}
