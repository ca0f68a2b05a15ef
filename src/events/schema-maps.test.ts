import { describe, expect, it } from 'vitest'
import { loadContent } from '../content/load.js'
import type { FieldValue, TelemetryRecord } from '../telemetry/record.js'
import type { ByteBuffer } from '../text/bytes.js'
import { loadModel } from './model.js'
import type { SchemaMap } from './schema-map.js'
import { EventWriter } from './writer.js'

const model = loadModel()
const maps = loadContent<SchemaMap>('schemas')

describe('the event model', () => {
  it('gives every class the common columns first', () => {
    const [first] = model.classes
    const common = first!.columns.slice(0, 5)
    for (const { columns } of model.classes) expect(columns.slice(0, 5)).toEqual(common)
  })
})

describe('security', () => {
  const launch = {
    SubjectUserSid: 'S-1-5-18',
    SubjectUserName: 'HOST$',
    SubjectDomainName: 'CORP',
    SubjectLogonId: '0x3e7',
    NewProcessId: '0x1f4',
    NewProcessName: 'C:\\Windows\\System32\\cmd.exe',
    TokenElevationType: '%%1937',
    ProcessId: '0x4',
    MandatoryLabel: 'S-1-16-12288',
  }

  it('takes the subject for the account of a new process where the target is nobody', () => {
    const nobody = { TargetUserSid: 'S-1-0-0', TargetUserName: '-', TargetDomainName: '-', TargetLogonId: '0x0' }
    expect(eventOf(security(4688, { ...launch, ...nobody }))).toMatchObject({
      class: 'process',
      activity: 'launch',
      process_pid: 500,
      process_file_name: 'cmd.exe',
      process_integrity: 'High',
      process_token_elevation: 'TokenElevationTypeFull',
      parent_process_pid: 4,
      process_user_uid: 'S-1-5-18',
      process_user_name: 'HOST$',
      process_session_uid: 999,
    })
  })

  it('takes the target for the account of a new process where there is one', () => {
    const target = {
      TargetUserSid: 'S-1-5-21-1-2-3-500',
      TargetUserName: 'ann',
      TargetDomainName: 'CORP',
      TargetLogonId: '0xabc',
    }
    expect(eventOf(security(4688, { ...launch, ...target }))).toMatchObject({
      actor_user_name: 'HOST$',
      process_user_name: 'ann',
      process_user_uid: 'S-1-5-21-1-2-3-500',
      process_session_uid: 0xabc,
    })
  })

  it('tells files, keys and processes apart by the kind of object', () => {
    const key = { ObjectType: 'Key', ObjectName: '\\REGISTRY\\MACHINE\\SOFTWARE\\X' }
    expect(eventOf(security(4663, key))).toMatchObject({
      class: 'registry',
      reg_key_path: 'HKEY_LOCAL_MACHINE\\SOFTWARE\\X',
    })
    expect(eventOf(security(4663, { ObjectType: 'File', ObjectName: 'C:\\a.txt' }))).toMatchObject({
      class: 'file',
      file_name: 'a.txt',
    })
    expect(eventOf(security(4663, { ObjectType: 'Token', ObjectName: '-' }))).toMatchObject({
      class: 'other',
      activity: 'object-access',
    })
  })

  it('reads a number as it stands, whatever stood before it', () => {
    expect(eventOf(security(4624, { TargetLogonId: '0x3e7', LogonType: '0' }))).toMatchObject({
      session_uid: 999,
      logon_type: 0,
    })
  })

  it('keeps the far end of an inbound connection as its source', () => {
    const packet = {
      Application: '\\device\\harddiskvolume2\\a\\b.exe',
      Direction: '%%14592',
      SourceAddress: '10.0.0.9',
      SourcePort: '50000',
      DestAddress: '10.0.0.1',
      DestPort: '0',
      Protocol: '6',
    }
    expect(eventOf(security(5156, packet))).toMatchObject({
      activity: 'accept',
      direction: 'inbound',
      src_ip: '10.0.0.9',
      dst_port: 0,
      protocol: 'tcp',
      process_file_name: 'b.exe',
    })
  })
})

describe('services', () => {
  it('name the program of a command line and not what its options name', () => {
    const install = (ImagePath: string) =>
      eventOf({ provider: 'Service Control Manager', eventId: 7045, fields: { ServiceName: 's', ImagePath } })
    expect(install('%COMSPEC% /b /c start /min powershell.exe -nop')).toMatchObject({ service_file_name: '%COMSPEC%' })
    expect(install('"C:\\Program Files (x86)\\a b\\c.exe" -service')).toMatchObject({
      service_file_path: 'C:\\Program Files (x86)\\a b\\c.exe',
    })
    expect(install('C:\\Program Files\\a b\\c.exe -k x')).toMatchObject({ service_file_name: 'c.exe' })
  })
})

describe('installer', () => {
  it('reads values without names whatever a shipper calls them', () => {
    const values = ['A Product', '1.0', '1033', '1603', '(NULL)']
    const named = (name: (place: number) => string) =>
      eventOf({
        provider: 'MsiInstaller',
        eventId: 1033,
        fields: Object.fromEntries(values.map((value, place) => [name(place), value])),
      })
    const expected = { class: 'installer', activity: 'install-failed', product_name: 'A Product', status: '1603' }
    expect(named((place) => `Data[${place}]`)).toMatchObject(expected)
    expect(named((place) => `param${place + 1}`)).toMatchObject(expected)
    expect(named((place) => `Data[${place}]`)).not.toHaveProperty('product_vendor')
  })
})

describe('sysmon', () => {
  it('splits a value from its key', () => {
    const fields = { EventType: 'SetValue', TargetObject: 'HKLM\\SOFTWARE\\Classes\\text/html', Details: 'x' }
    expect(eventOf({ provider: 'Microsoft-Windows-Sysmon', eventId: 13, fields })).toMatchObject({
      reg_target: 'HKLM\\SOFTWARE\\Classes\\text/html',
      reg_key_path: 'HKEY_LOCAL_MACHINE\\SOFTWARE\\Classes',
      reg_value_name: 'text/html',
    })
  })
})

describe('remote sessions', () => {
  it('know an address from the word for this computer', () => {
    const session = (Address: string) => ({
      provider: 'Microsoft-Windows-TerminalServices-LocalSessionManager',
      eventId: 21,
      fields: { User: 'CORP\\ann', SessionID: '2', Address },
    })
    expect(eventOf(session('203.0.113.7'))).toMatchObject({
      user_name: 'ann',
      terminal_session: 2,
      src_ip: '203.0.113.7',
    })
    expect(eventOf(session('LOCAL'))).not.toHaveProperty('src_ip')
  })

  it('are read from what a tool says in its own words', () => {
    const said = (eventId: number, text: string) =>
      eventOf({ provider: 'ScreenConnect Client (0123456789abcdef)', eventId, fields: { 'Data[0]': text } })
    const tail = '\r\n\r\nVersion: 1.2.3\r\nExecutable Path: C:\\P\\x.exe\r\n'
    expect(said(100, `Ann Bee Connected${tail}`)).toMatchObject({
      activity: 'session-start',
      remote_user_name: 'Ann Bee',
      process_file_name: 'x.exe',
    })
    expect(said(0, `Ann Bee disconnected${tail}`)).toMatchObject({
      activity: 'session-end',
      remote_user_name: 'Ann Bee',
    })
    expect(said(201, `Transferred files with action 'Run':\r\nx.exe${tail}`)).toMatchObject({
      activity: 'file-transfer',
      process_file_version: '1.2.3',
    })
  })
})

describe('Defender tables', () => {
  it('name the far end the source where it began the connection', () => {
    const row = (ActionType: string) => ({
      table: 'DeviceNetworkEvents',
      fields: {
        ActionType,
        RemoteIP: '203.0.113.7',
        LocalIP: '10.0.0.1',
        RemoteUrl: 'https://relay.example.com:443/a',
      },
    })
    expect(eventOf(row('ConnectionSuccess'))).toMatchObject({
      dst_ip: '203.0.113.7',
      src_ip: '10.0.0.1',
      dst_hostname: 'relay.example.com',
    })
    expect(eventOf(row('InboundConnectionAccepted'))).toMatchObject({
      activity: 'accept',
      src_ip: '203.0.113.7',
      dst_ip: '10.0.0.1',
      direction: 'inbound',
    })
  })

  it('give a row of DeviceEvents the class of its action', () => {
    const pipe = { ActionType: 'NamedPipeEvent', AdditionalFields: '{"PipeName":"\\\\Device\\\\NamedPipe\\\\x"}' }
    expect(eventOf({ table: 'DeviceEvents', fields: pipe })).toMatchObject({
      class: 'pipe',
      pipe_name: '\\Device\\NamedPipe\\x',
    })
    expect(eventOf({ table: 'DeviceEvents', fields: { ActionType: 'SomethingNew', FileName: 'a.exe' } })).toMatchObject(
      {
        class: 'other',
        activity: 'message',
        file_name: 'a.exe',
      },
    )
  })

  it('read a kind of logon as its number', () => {
    expect(
      eventOf({ table: 'DeviceLogonEvents', fields: { ActionType: 'LogonSuccess', LogonType: 'RemoteInteractive' } }),
    ).toMatchObject({ activity: 'logon', logon_type: 10 })
  })
})

interface Facts {
  readonly provider?: string
  readonly table?: string
  readonly eventId?: number
  readonly fields: Readonly<Record<string, string>>
}

function security(eventId: number, fields: Facts['fields']): Facts {
  return { provider: 'Microsoft-Windows-Security-Auditing', eventId, fields }
}

/** The event that the maps make of a record, as a plain object without the columns that are empty. */
function eventOf({ provider = '', table = '', eventId = -1, fields }: Facts): Readonly<Record<string, FieldValue>> {
  const names = Object.keys(fields)
  const text = (index: number) => fields[names[index]!]
  const record: TelemetryRecord = {
    kind: 'record',
    position: 0,
    table,
    provider,
    channel: '',
    computer: '',
    eventId,
    recordId: -1,
    time: Number.NaN,
    timeWithoutZone: false,
    layout: { names },
    value: (index) => text(index) ?? null,
    text,
    appendText(index: number, out: ByteBuffer) {
      const value = text(index)
      if (value !== undefined) out.appendString(value)
      return value !== undefined
    },
  }
  const writer = new EventWriter(model, maps)
  writer.write(record, 0)
  const batch = writer.batches.find(({ rows }) => rows === 1)!
  const event: Record<string, FieldValue> = { class: batch.name }
  for (const [name, column] of batch.columns) {
    if (!column.presence.has(0)) continue
    if (column.kind === 'integer') event[name] = column.words[0]!
    else if (column.kind === 'name') event[name] = column.dictionary[0]!
    else event[name] = column.data.toString(4, column.data.length)
  }
  return event
}
