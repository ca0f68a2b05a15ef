import type { EventOf, NeutralEvent } from '../events.js'
import { guidOf } from '../random.js'
import type { Process } from '../world.js'
import { type DataField, fields, isoText, type Provider, texts, type WindowsRecord } from './windows-record.js'

const SCM: Provider = {
  name: 'Service Control Manager',
  guid: '{555908d1-a6d7-4695-8e1e-26931d2012f4}',
  eventSourceName: 'Service Control Manager',
}
const SCHEDULER: Provider = { name: 'Microsoft-Windows-TaskScheduler', guid: '{de7b24ea-73c8-4a09-985d-5bdadcfa9017}' }
const SESSIONS: Provider = {
  name: 'Microsoft-Windows-TerminalServices-LocalSessionManager',
  guid: '{5d896912-022d-40aa-a3a8-4fa5515c76d7}',
}
const CONNECTIONS: Provider = {
  name: 'Microsoft-Windows-TerminalServices-RemoteConnectionManager',
  guid: '{c76baa63-ae81-421c-b425-340b4b24157f}',
}
const RDP_CLIENT: Provider = {
  name: 'Microsoft-Windows-TerminalServices-ClientActiveXCore',
  guid: '{28aa95bb-d444-4719-a36f-40462168127e}',
}
const POWERSHELL: Provider = { name: 'Microsoft-Windows-PowerShell', guid: '{a0c1853b-5c40-4b15-8766-3cf1c58f985a}' }
const UPDATES: Provider = {
  name: 'Microsoft-Windows-WindowsUpdateClient',
  guid: '{945a8954-c147-4acd-923f-40c45405a658}',
}
const KERNEL: Provider = { name: 'Microsoft-Windows-Kernel-General', guid: '{a68ca8b7-004f-d7b6-a698-07e2de0f1f5d}' }

const CLASSIC = {
  version: 0,
  level: 4,
  task: 0,
  opcode: 0,
  keywords: '0x80000000000000',
  processId: 0,
  threadId: 0,
  qualifiers: 0,
}
const MODERN = {
  version: 0,
  level: 4,
  task: 0,
  opcode: 0,
  keywords: '0x8000000000000000',
  processId: 1204,
  threadId: 1388,
  userSid: 'S-1-5-18',
}

/** What the System, Application, PowerShell, TaskScheduler and TerminalServices logs say about an event. */
export function otherRecords(event: NeutralEvent): WindowsRecord[] {
  const base = { time: event.time + 2100, computer: event.host.fqdn }
  switch (event.kind) {
    case 'service-install':
      return [
        {
          ...MODERN,
          ...base,
          provider: SCM,
          channel: 'System',
          eventId: 7045,
          qualifiers: 16384,
          keywords: '0x8080000000000000',
          processId: event.process.pid,
          userSid: event.actor.sid,
          data: fields({
            ServiceName: event.name,
            ImagePath: event.command,
            ServiceType: 'user mode service',
            StartType: event.start,
            AccountName: event.account,
          }),
        },
      ]
    case 'service-state': {
      const { userSid: _, ...scm } = MODERN
      return [
        {
          ...scm,
          ...base,
          provider: SCM,
          channel: 'System',
          eventId: 7036,
          qualifiers: 16384,
          keywords: '0x8080000000000000',
          processId: event.process.pid,
          data: fields({ param1: event.display, param2: event.state }),
          binary: utf16Hex(`${event.name}/${event.state === 'running' ? 4 : 1}`),
        },
      ]
    }
    case 'service-start-type':
      return [
        {
          ...MODERN,
          ...base,
          provider: SCM,
          channel: 'System',
          eventId: 7040,
          qualifiers: 16384,
          keywords: '0x8080000000000000',
          processId: event.process.pid,
          data: fields({ param1: event.display, param2: event.from, param3: event.to, param4: event.name }),
        },
      ]
    case 'msi':
      return msi(event).map((one) => ({
        ...CLASSIC,
        ...base,
        provider: { name: 'MsiInstaller' },
        channel: 'Application',
        userSid: event.user.sid,
        ...one,
        time: base.time + one.after,
      }))
    case 'app-log':
      return [
        {
          ...CLASSIC,
          ...base,
          provider: { name: event.provider },
          channel: 'Application',
          eventId: event.id,
          data: texts(...event.lines),
          binary: '',
        },
      ]
    case 'task-register':
      return [
        {
          ...MODERN,
          ...base,
          provider: SCHEDULER,
          channel: TASKS,
          eventId: 106,
          task: 106,
          data: fields({ TaskName: event.name, UserContext: userOf(event.actor) }),
        },
      ]
    case 'task-run':
      return [
        {
          ...MODERN,
          ...base,
          provider: SCHEDULER,
          channel: TASKS,
          eventId: 129,
          task: 129,
          data: fields({
            TaskName: event.name,
            Path: event.process.path,
            ProcessID: event.process.pid,
            Priority: 16384,
          }),
        },
        {
          ...MODERN,
          ...base,
          provider: SCHEDULER,
          channel: TASKS,
          eventId: 100,
          task: 100,
          opcode: 1,
          data: fields({
            TaskName: event.name,
            UserContext: userOf(event.actor),
            InstanceId: [`{${event.run}}`, 'guid'],
          }),
        },
        {
          ...MODERN,
          ...base,
          provider: SCHEDULER,
          channel: TASKS,
          eventId: 200,
          version: 1,
          task: 200,
          opcode: 1,
          data: fields({
            TaskName: event.name,
            ActionName: event.process.path,
            TaskInstanceId: [`{${event.run}}`, 'guid'],
            EnginePID: event.process.pid,
          }),
        },
      ]
    case 'task-end':
      return [
        {
          ...MODERN,
          ...base,
          provider: SCHEDULER,
          channel: TASKS,
          eventId: 201,
          version: 2,
          task: 201,
          opcode: 2,
          data: fields({
            TaskName: event.name,
            TaskInstanceId: [`{${event.run}}`, 'guid'],
            ActionName: event.process.path,
            ResultCode: 0,
            EnginePID: event.process.pid,
          }),
        },
        {
          ...MODERN,
          ...base,
          provider: SCHEDULER,
          channel: TASKS,
          eventId: 102,
          task: 102,
          opcode: 2,
          data: fields({
            TaskName: event.name,
            UserContext: userOf(event.actor),
            InstanceId: [`{${event.run}}`, 'guid'],
          }),
        },
      ]
    case 'script':
      return [
        {
          ...MODERN,
          ...base,
          provider: POWERSHELL,
          channel: 'Microsoft-Windows-PowerShell/Operational',
          eventId: 4104,
          version: 1,
          level: 5,
          task: 2,
          opcode: 15,
          keywords: '0x0',
          processId: event.process.pid,
          userSid: event.process.user.sid,
          data: fields({
            MessageNumber: 1,
            MessageTotal: 1,
            ScriptBlockText: event.text,
            ScriptBlockId: [event.id, 'string'],
            Path: event.file,
          }),
        },
        {
          ...CLASSIC,
          ...base,
          time: base.time - 400_000,
          provider: { name: 'PowerShell' },
          channel: 'Windows PowerShell',
          eventId: 400,
          task: 4,
          data: engineStart(event.process),
        },
      ]
    case 'logon':
      if (event.type === 3) return []
      return [
        ...(event.type === 10
          ? [
              {
                ...MODERN,
                ...base,
                provider: CONNECTIONS,
                channel: `${CONNECTIONS.name}/Operational`,
                eventId: 1149,
                keywords: '0x1000000000000000',
                userSid: 'S-1-5-20',
                inUserData: true,
                data: fields({ Param1: event.user.name, Param2: event.user.domain, Param3: event.fromIp }),
              },
            ]
          : []),
        session(event, 21, event.type === 10 ? event.fromIp : 'LOCAL'),
        session(event, 22, event.type === 10 ? event.fromIp : 'LOCAL'),
      ]
    case 'logoff':
      return event.type === 3 ? [] : [session(event, 23, undefined)]
    case 'rdp-client':
      return [
        {
          ...MODERN,
          ...base,
          provider: RDP_CLIENT,
          channel: 'Microsoft-Windows-TerminalServices-RDPClient/Operational',
          eventId: 1024,
          task: 101,
          opcode: 10,
          keywords: '0x4000000000000000',
          processId: event.process.pid,
          userSid: event.process.user.sid,
          data: fields({ Name: 'Server Name', Value: event.server, CustomLevel: 'Info' }),
        },
      ]
    case 'update':
      return [
        {
          ...MODERN,
          ...base,
          provider: UPDATES,
          channel: 'System',
          eventId: 43,
          version: 1,
          task: 1,
          opcode: 13,
          keywords: '0x8000000000002008',
          data: fields({ updateTitle: event.title, updateGuid: [`{${event.id}}`, 'guid'], updateRevisionNumber: 200 }),
        },
        {
          ...MODERN,
          ...base,
          time: base.time + 41e6,
          provider: UPDATES,
          channel: 'System',
          eventId: 19,
          version: 1,
          task: 1,
          opcode: 13,
          keywords: '0x8000000000000018',
          data: fields({
            updateTitle: event.title,
            updateGuid: [`{${event.id}}`, 'guid'],
            updateRevisionNumber: 200,
            serviceGuid: ['{9482f4b4-e343-43b6-b170-9a65bc822c77}', 'guid'],
          }),
        },
      ]
    case 'boot':
      return [
        {
          ...MODERN,
          ...base,
          provider: KERNEL,
          channel: 'System',
          eventId: 12,
          task: 1,
          processId: 4,
          threadId: 8,
          data: fields({
            MajorVersion: 10,
            MinorVersion: 0,
            BuildVersion: 26100,
            QfeVersion: 1882,
            ServiceVersion: 0,
            BootMode: 0,
            StartTime: isoText(event.time),
          }),
        },
        {
          ...CLASSIC,
          ...base,
          provider: { name: 'EventLog' },
          channel: 'System',
          eventId: 6005,
          qualifiers: 32768,
          data: [],
          binary: 'EA070200020002000700000000000000',
        },
      ]
    case 'shutdown':
      return [
        {
          ...CLASSIC,
          ...base,
          provider: { name: 'EventLog' },
          channel: 'System',
          eventId: 6006,
          qualifiers: 32768,
          data: [],
          binary: '010000000000000000000000',
        },
      ]
    case 'process-start':
    case 'process-end':
    case 'file-write':
    case 'file-delete':
    case 'dns':
    case 'connection':
    case 'registry-set':
    case 'ticket':
    case 'share-access':
    case 'pipe':
      return []
  }
}

const TASKS = 'Microsoft-Windows-TaskScheduler/Operational'

function session(
  event: EventOf<'logon'> | EventOf<'logoff'>,
  eventId: number,
  address: string | undefined,
): WindowsRecord {
  const data = fields({
    User: userOf(event.user),
    SessionID: event.session,
    ...(address === undefined ? {} : { Address: address }),
  })
  return {
    ...MODERN,
    time: event.time + 300_000,
    computer: event.host.fqdn,
    provider: SESSIONS,
    channel: `${SESSIONS.name}/Operational`,
    eventId,
    keywords: '0x1000000000000000',
    inUserData: true,
    data,
  }
}

interface MsiRecord {
  readonly eventId: number
  readonly after: number
  readonly data: DataField[]
  readonly binary?: string
}

function msi(event: EventOf<'msi'>): MsiRecord[] {
  const none = '(NULL)'
  const code = Buffer.from(`{${guidOf(event.product).toUpperCase()}}`)
    .toString('hex')
    .toUpperCase()
  const package_ = texts(event.package, String(event.process.pid), none, none, none, none, '')
  const said = (text: string) => texts(`Product: ${event.product} -- ${text}`, none, none, none, none, none, '')
  const product = texts(event.product, event.version, '1033', '0', event.maker, none, '')
  const install = event.action === 'install'
  return [
    { eventId: 1040, after: -6e6, data: package_ },
    {
      eventId: install ? 11707 : 11724,
      after: 0,
      data: said(install ? 'Installation completed successfully.' : 'Removal completed successfully.'),
      binary: code,
    },
    { eventId: install ? 1033 : 1034, after: 2000, data: product, binary: code },
    { eventId: 1042, after: 9000, data: package_ },
  ]
}

function engineStart(process: Process): DataField[] {
  const lines = [
    'NewEngineState=Available',
    'PreviousEngineState=None',
    '',
    'SequenceNumber=13',
    '',
    'HostName=ConsoleHost',
    'HostVersion=5.1.26100.1882',
    `HostId=${guidOf(process.guid)}`,
    `HostApplication=${process.command}`,
    'EngineVersion=5.1.26100.1882',
    `RunspaceId=${guidOf(`runspace ${process.guid}`)}`,
    'PipelineId=',
    'CommandName=',
    'CommandType=',
    'ScriptName=',
    'CommandPath=',
    'CommandLine=',
  ]
  return texts('Available', 'None', lines.map((line) => (line === '' ? '' : `\t${line}`)).join('\r\n'))
}

const userOf = (account: { domain: string; name: string }) => `${account.domain}\\${account.name}`

function utf16Hex(text: string): string {
  return Buffer.from(`${text}\0`, 'utf16le').toString('hex').toUpperCase()
}
