import { describe, expect, it } from 'vitest'
import { readContent } from '../../../test/fixtures/read-content.js'
import type { RecordSnapshot } from '../record.js'
import { parseTime } from '../time.js'

const read = async (...values: readonly unknown[]): Promise<readonly RecordSnapshot[]> => {
  const result = await readContent(values.map((value) => JSON.stringify(value)).join('\n'))
  expect(result.faults).toEqual([])
  return result.records
}
const at = (text: string): number => parseTime(text)!.micros

const HEADER = {
  provider: 'Microsoft-Windows-Sysmon',
  channel: 'Microsoft-Windows-Sysmon/Operational',
  computer: 'ws1.corp',
  eventId: 1,
  recordId: 77,
  time: at('2026-01-02T03:04:05.123Z'),
  timeWithoutZone: false,
  table: '',
}

describe('event XML as JSON', () => {
  const fields = {
    'System.Version': 5,
    'System.Keywords': '0x8000000000000000',
    'System.ProcessID': 4,
    'System.ProviderGuid': 'G',
    'System.Qualifiers': 0,
    Image: 'C:\\a.exe',
  }

  it.each([
    [
      '#attributes',
      { '#attributes': { Name: HEADER.provider, Guid: 'G' } },
      { '#attributes': { Qualifiers: 0 }, '#text': 1 },
    ],
    ['@', { '@Name': HEADER.provider, '@Guid': 'G' }, { '@Qualifiers': 0, '#text': 1 }],
  ])('%s', async (mark, provider, id) => {
    const attributes = (values: Record<string, unknown>): object =>
      mark === '@'
        ? Object.fromEntries(Object.entries(values).map(([key, value]) => [`@${key}`, value]))
        : { '#attributes': values }
    const system = {
      Provider: provider,
      EventID: id,
      Version: 5,
      Keywords: '0x8000000000000000',
      TimeCreated: attributes({ SystemTime: '2026-01-02T03:04:05.123Z' }),
      EventRecordID: 77,
      Correlation: null,
      Execution: attributes({ ProcessID: 4 }),
      Channel: HEADER.channel,
      Computer: HEADER.computer,
      Security: {},
    }
    const event = { ...attributes({ xmlns: 'http://x' }), System: system, EventData: { Image: 'C:\\a.exe' } }
    for (const [record] of [
      await read({ Event: event }),
      await read(event),
      await read({ _source: { Event: event } }),
    ]) {
      expect(record).toMatchObject(HEADER)
      expect(record!.fields).toEqual(fields)
    }
  })

  it('with attributes beside their element', async () => {
    const [record] = await read({
      Event: {
        System: {
          Provider_attributes: { Name: 'P' },
          EventID: 4,
          TimeCreated_attributes: { SystemTime: '2026-01-02T03:04:05Z' },
        },
        EventData: { A: '1', A_1: '2' },
      },
    })
    expect(record).toMatchObject({
      provider: 'P',
      eventId: 4,
      time: at('2026-01-02T03:04:05Z'),
      fields: { A: '1', A_1: '2' },
    })
  })

  it('with unnamed, named and repeated data', async () => {
    const system = { Provider: { '@Name': 'P' }, EventID: 4 }
    const data = async (value: unknown): Promise<unknown> =>
      (await read({ Event: { System: system, EventData: value } }))[0]!.fields
    expect(await data({ Data: 'a' })).toEqual({ 'Data[0]': 'a' })
    expect(await data({ Data: ['a', 'b'], Binary: '00' })).toEqual({ 'Data[0]': 'a', 'Data[1]': 'b', Binary: '00' })
    expect(await data({ Data: { '#text': ['a', 'b'] } })).toEqual({ 'Data[0]': 'a', 'Data[1]': 'b' })
    expect(await data({ Data: [{ '@Name': 'X', '#text': 'v' }, { '@Name': 'Y' }, { '#text': 'u' }] })).toEqual({
      X: 'v',
      Y: '',
      'Data[0]': 'u',
    })
    expect(await data({ X: ['a', 'b'] })).toEqual({ X: 'a', 'X[1]': 'b' })
    expect(await data({ '#attributes': { Name: 'N' }, X: 'v' })).toEqual({ 'EventData.@Name': 'N', X: 'v' })
  })

  it('user data lose the element around them', async () => {
    const system = { Provider: { '@Name': 'P' }, EventID: 4 }
    const userData = { EventXML: { '#attributes': { xmlns: 'x' }, User: 'u', Inner: { '@a': 1, '#text': 'b' } } }
    const [record] = await read({ Event: { System: system, UserData: userData } })
    expect(record!.fields).toEqual({ User: 'u', Inner: 'b', 'Inner.@a': 1 })
  })
})

it('Winlogbeat 7', async () => {
  const [record] = await read({
    '@timestamp': '2026-01-02T03:04:05.123Z',
    winlog: {
      provider_name: HEADER.provider,
      channel: HEADER.channel,
      computer_name: HEADER.computer,
      record_id: 77,
      event_id: '1',
      event_data: { Image: 'a', message: 'data' },
      process: { pid: 4 },
      task: 'T',
    },
    message: 'envelope',
    agent: { version: '7' },
    event: { code: '1' },
  })
  expect(record).toMatchObject(HEADER)
  expect(record!.fields).toEqual({
    '@timestamp': '2026-01-02T03:04:05.123Z',
    Image: 'a',
    message: 'data',
    'message[1]': 'envelope',
    'System.ProcessID': 4,
    'winlog.task': 'T',
    'agent.version': '7',
    'event.code': '1',
  })
})

it('Winlogbeat 7 with the Sysmon module has the event data from the message', async () => {
  const [record] = await read({
    '@timestamp': '2026-01-02T03:04:05.123Z',
    winlog: { provider_name: HEADER.provider, event_id: 1, event_data: { Hashes: 'h' } },
    process: { entity_id: '{1}', executable: 'C:\\a: b.exe' },
    message: 'Process Create:\nRuleName: -\nImage: C:\\a: b.exe\nHashes: other',
  })
  expect(record!.fields).toMatchObject({ RuleName: '-', Image: 'C:\\a: b.exe', 'process.executable': 'C:\\a: b.exe' })
})

it('Elastic exports', async () => {
  const source = {
    '@timestamp': '2026-01-02T03:04:05Z',
    winlog: { channel: 'C', provider_name: 'P', event_id: 3, event_data: { A: 'x' } },
  }
  const hit = { _index: 'i', _id: '1', _source: source }
  const wrapped = await readContent(JSON.stringify({ hits: { total: 1, hits: [hit] } }))
  for (const record of [...(await read(hit)), ...wrapped.records]) {
    expect(record).toMatchObject({ provider: 'P', channel: 'C', eventId: 3, time: at('2026-01-02T03:04:05Z') })
    expect(record.fields).toEqual({ A: 'x', '@timestamp': '2026-01-02T03:04:05Z', _index: 'i', _id: '1' })
  }
})

it('Winlogbeat 6', async () => {
  const [record] = await read({
    '@timestamp': '2026-01-02T03:04:05.123Z',
    event_id: 1,
    source_name: HEADER.provider,
    log_name: HEADER.channel,
    computer_name: HEADER.computer,
    record_number: '77',
    event_data: { Image: 'a' },
    process_id: 4,
    beat: { name: 'b' },
  })
  expect(record).toMatchObject({ ...HEADER, fields: { Image: 'a', 'System.ProcessID': 4, 'beat.name': 'b' } })
})

describe('NXLog', () => {
  const event = {
    SourceName: 'Microsoft-Windows-Security-Auditing',
    EventID: 4688,
    Channel: 'Security',
    Hostname: 'ws1',
    RecordNumber: 9,
    Keywords: '-9214364837600034816',
    EventTime: '2026-01-01 22:04:05',
    NewProcessName: 'a',
  }

  it('has its time in the zone that the time of receipt shows', async () => {
    const [record] = await read({
      ...event,
      EventReceivedTime: '2026-01-01 22:04:09',
      '@timestamp': '2026-01-02T03:04:09.812Z',
    })
    expect(record).toMatchObject({
      eventId: 4688,
      channel: 'Security',
      computer: 'ws1',
      recordId: 9,
      timeWithoutZone: false,
    })
    expect(record!.time).toBe(at('2026-01-02T03:04:05Z'))
    expect(record!.fields).toMatchObject({ NewProcessName: 'a', EventTime: '2026-01-01 22:04:05' })
  })

  it('has the time of shipping where the two say nothing about the zone', async () => {
    const [record] = await read({
      ...event,
      EventReceivedTime: '2026-01-01 22:04:09',
      '@timestamp': '2026-01-02T03:11:09Z',
    })
    expect(record).toMatchObject({ time: at('2026-01-02T03:11:09Z'), timeWithoutZone: false })
  })

  it('has its time flagged where nothing shows the zone', async () => {
    const [record] = await read(event)
    expect(record).toMatchObject({ time: at('2026-01-01T22:04:05Z'), timeWithoutZone: true })
  })

  it('has the time that Sysmon wrote', async () => {
    const [record] = await read({ ...event, UtcTime: '2026-01-02 03:04:04.999', '@timestamp': '2026-01-02T03:04:09Z' })
    expect(record).toMatchObject({ time: at('2026-01-02T03:04:04.999Z'), timeWithoutZone: false })
  })
})

it('flat events', async () => {
  const records = await read(
    { SourceName: 'P', TimeCreated: '2026-01-02 03:04:05.100', EventID: 5, Channel: 'C', Hostname: 'h', Image: 'a' },
    {
      ProviderName: 'P',
      TimeCreated: '2026-01-02T03:04:05.100Z',
      EventId: 5,
      LogName: 'C',
      Computer: 'h',
      EventData: '{"Image":"a"}',
    },
  )
  for (const record of records)
    expect(record).toMatchObject({ provider: 'P', channel: 'C', computer: 'h', eventId: 5, fields: { Image: 'a' } })
  expect(records.map(({ timeWithoutZone }) => timeWithoutZone)).toEqual([true, false])
})

it('Get-WinEvent', async () => {
  const [record] = await read({
    Id: 7045,
    ProviderName: 'Service Control Manager',
    LogName: 'System',
    MachineName: 'h',
    RecordId: 3,
    TimeCreated: '/Date(1767323045000)/',
    Properties: [{ Value: 'svc' }, { Value: 16 }],
    Message: 'm',
  })
  expect(record).toMatchObject({ eventId: 7045, channel: 'System', recordId: 3, time: 1767323045000000 })
  expect(record!.fields).toMatchObject({ 'Data[0]': 'svc', 'Data[1]': 16, Message: 'm' })
})

it('EvtxECmd', async () => {
  const payload = { EventData: { Data: [{ '@Name': 'Image', '#text': 'a' }, { '@Name': 'Empty' }], Binary: '' } }
  const [record] = await read({
    EventId: 1,
    Provider: HEADER.provider,
    Channel: HEADER.channel,
    Computer: HEADER.computer,
    EventRecordId: '77',
    TimeCreated: '2026-01-02T03:04:05.1230000+00:00',
    PayloadData1: 'p',
    Payload: JSON.stringify(payload),
  })
  expect(record).toMatchObject(HEADER)
  expect(record!.fields).toMatchObject({ Image: 'a', Empty: '', PayloadData1: 'p' })
})

describe('Splunk exports', () => {
  const xml = `<Event xmlns='x'><System><Provider Name='P'/><EventID>1</EventID><TimeCreated SystemTime='2026-01-02T03:04:05.123Z'/><Channel>C</Channel><Computer>h</Computer></System><EventData><Data Name='Image'>a&amp;b</Data></EventData></Event>`

  it('with event XML as raw text', async () => {
    const [record] = await read({
      preview: false,
      offset: 0,
      result: { _time: '2026-01-02T03:04:09.000+00:00', _raw: xml, host: 'x', Image: 'a&b' },
    })
    expect(record).toMatchObject({
      provider: 'P',
      channel: 'C',
      computer: 'h',
      eventId: 1,
      time: at('2026-01-02T03:04:05.123Z'),
    })
    expect(record!.fields).toEqual({
      Image: 'a&b',
      _time: '2026-01-02T03:04:09.000+00:00',
      host: 'x',
      offset: 0,
      preview: false,
    })
  })

  it('with the lines of a classic log as raw text', async () => {
    const raw =
      '01/02/2026 03:04:05 AM\nLogName=System\nEventCode=7045\nComputerName=h\nSourceName=S\nRecordNumber=5\nMessage=A service\nwas installed.'
    const [record] = await read({ result: { _raw: raw } })
    expect(record).toMatchObject({
      provider: 'S',
      channel: 'System',
      computer: 'h',
      eventId: 7045,
      recordId: 5,
      timeWithoutZone: true,
    })
    expect(record!.fields).toEqual({ Message: 'A service\nwas installed.' })
    expect(record!.time).toBe(at('2026-01-02T03:04:05Z'))
  })

  it('with raw text that is neither, by their fields', async () => {
    const [record] = await read({
      result: { _time: '1767323045.5', _raw: 'whatever', EventCode: '4688', ComputerName: 'h' },
    })
    expect(record).toMatchObject({ eventId: 4688, computer: 'h', time: 1767323045500000, fields: { _raw: 'whatever' } })
  })
})

describe('tables', () => {
  it('Defender rows are told by their columns and action', async () => {
    const row = { Timestamp: '2026-01-02T03:04:05Z', DeviceId: 'd', DeviceName: 'h', ReportId: 5 }
    const records = await read(
      { ...row, ActionType: 'ProcessCreated', FileName: 'a.exe', ProcessCommandLine: 'a' },
      { ...row, ActionType: 'ConnectionSuccess', RemoteUrl: 'u', RemotePort: 443, LocalIP: '::1' },
      { ...row, ActionType: 'FileCreated', FileName: 'a', FolderPath: 'p' },
      { ...row, ActionType: 'AntivirusDetection', FileName: 'a', FolderPath: 'p', AdditionalFields: { A: [1] } },
    )
    expect(records.map(({ table }) => table)).toEqual([
      'DeviceProcessEvents',
      'DeviceNetworkEvents',
      'DeviceFileEvents',
      'DeviceEvents',
    ])
    for (const record of records)
      expect(record).toMatchObject({ computer: 'h', recordId: 5, time: at('2026-01-02T03:04:05Z') })
    expect(records[3]!.fields).toEqual({
      ...row,
      ActionType: 'AntivirusDetection',
      FileName: 'a',
      FolderPath: 'p',
      AdditionalFields: '{"A":[1]}',
    })
  })

  it('a word called Type does not make a table', async () => {
    const [record] = await read({ Timestamp: '2026-01-02T03:04:05Z', Type: 'INFO', Text: 'x' })
    expect(record).toMatchObject({ table: '', fields: { Type: 'INFO' } })
  })

  it('rows that could be of several tables are of none', async () => {
    const [record] = await read({ Timestamp: '2026-01-02T03:04:05Z', DeviceName: 'h', FileName: 'a.exe' })
    expect(record).toMatchObject({ table: '', time: at('2026-01-02T03:04:05Z'), fields: { FileName: 'a.exe' } })
  })

  it('rows that name their table are believed', async () => {
    const [first, second] = await read(
      { TimeGenerated: '2026-01-02T03:04:05Z', Type: 'devicefileevents', DeviceName: 'h' },
      { TimeGenerated: '2026-01-02T03:04:05Z', $table: 'Some_CL', Computer: 'h', X: { Y: 1 } },
    )
    expect(first).toMatchObject({ table: 'DeviceFileEvents', computer: 'h' })
    expect(second).toMatchObject({ table: 'Some_CL', computer: 'h', fields: { X: '{"Y":1}' } })
  })

  it('the streaming API', async () => {
    const [record] = await read({
      time: '2026-01-02T03:04:09Z',
      tenantId: 't',
      category: 'AdvancedHunting-DeviceProcessEvents',
      properties: {
        Timestamp: '2026-01-02T03:04:05Z',
        DeviceName: 'h',
        FileName: 'a.exe',
        ReportId: 5,
        AdditionalFields: { A: 1 },
      },
    })
    expect(record).toMatchObject({
      table: 'DeviceProcessEvents',
      computer: 'h',
      recordId: 5,
      time: at('2026-01-02T03:04:05Z'),
    })
    expect(record!.fields).toMatchObject({
      FileName: 'a.exe',
      AdditionalFields: '{"A":1}',
      tenantId: 't',
      time: '2026-01-02T03:04:09Z',
    })
  })

  it('SecurityEvent is the event and its columns', async () => {
    const [record] = await read({
      TimeGenerated: '2026-01-02T03:04:05.123Z',
      Computer: 'h',
      EventSourceName: 'Microsoft-Windows-Security-Auditing',
      Channel: 'Security',
      EventID: 4688,
      Activity: '4688 - A new process',
      NewProcessName: 'a',
      CommandLine: '',
      EventData:
        '<EventData xmlns="x"><Data Name="NewProcessName">a</Data><Data Name="CommandLine">a -x</Data></EventData>',
      Type: 'SecurityEvent',
    })
    expect(record).toMatchObject({
      table: 'SecurityEvent',
      provider: 'Microsoft-Windows-Security-Auditing',
      channel: 'Security',
      computer: 'h',
      eventId: 4688,
    })
    expect(record!.fields).toMatchObject({
      NewProcessName: 'a',
      CommandLine: 'a -x',
      Activity: '4688 - A new process',
      EventID: 4688,
    })
    expect(Object.keys(record!.fields).filter((name) => name.includes('['))).toEqual([])
  })

  it('Event has its data out of XML, in either form', async () => {
    const row = {
      TimeGenerated: '2026-01-02T03:04:05Z',
      Source: 'Service Control Manager',
      EventLog: 'System',
      Computer: 'h',
      EventID: 7045,
    }
    const data = '<Data Name="ServiceName">s</Data>'
    const records = await read(
      {
        ...row,
        EventData: `<DataItem type="System.XmlData" time="x"><EventData xmlns="x">${data}</EventData></DataItem>`,
      },
      { ...row, ParameterXml: '<Param>s</Param><Param>p</Param>' },
      { ...row, ParameterXml: '<Param>broken' },
    )
    expect(records[0]).toMatchObject({
      table: 'Event',
      provider: 'Service Control Manager',
      channel: 'System',
      eventId: 7045,
      fields: { ServiceName: 's' },
    })
    expect(records[1]!.fields).toMatchObject({ 'Data[0]': 's', 'Data[1]': 'p' })
    expect(records[2]!.fields).toMatchObject({ ParameterXml: '<Param>broken' })
  })

  it('WindowsEvent has its data out of an object or its text', async () => {
    const row = { TimeGenerated: '2026-01-02T03:04:05Z', Provider: 'P', Channel: 'C', Computer: 'h', EventID: 1 }
    const records = await read({ ...row, EventData: { Image: 'a' } }, { ...row, EventData: '{"Image":"a"}' })
    for (const record of records)
      expect(record).toMatchObject({ table: 'WindowsEvent', provider: 'P', channel: 'C', fields: { Image: 'a' } })
  })
})
