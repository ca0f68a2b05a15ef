import { describe, expect, it } from 'vitest'
import { faultLines, readContent } from '../../../test/fixtures/read-content.js'
import { parseTime } from '../time.js'

const HEADER = 'Timestamp,DeviceName,ActionType,FileName,ProcessCommandLine,AdditionalFields'
const ROW = '2026-01-02T03:04:05.1234567Z,ws1,ProcessCreated,a.exe,a -x,'
const at = (text: string): number => parseTime(text)!.micros

describe('hunting exports', () => {
  it('have their table, host, time and cells', async () => {
    const quoted = '2026-01-02T03:04:05Z,ws1,ProcessCreated,"a, b.exe","say ""hi""\r\nagain","{""A"":[1,2]}"'
    const text = `\ufeff${HEADER}\r\n${ROW}\r\n\r\n${quoted}\r\n`
    for (const content of [text, Buffer.from(text, 'utf16le')]) {
      for (const blockSize of [1, 17, 65536]) {
        const { records, faults } = await readContent(content, blockSize)
        expect(faults).toEqual([])
        expect(records.map(({ position }) => position)).toEqual([2, 4])
        for (const record of records)
          expect(record).toMatchObject({ table: 'DeviceProcessEvents', computer: 'ws1', timeWithoutZone: false })
        expect(records[0]!.fields).toEqual({
          Timestamp: '2026-01-02T03:04:05.1234567Z',
          DeviceName: 'ws1',
          ActionType: 'ProcessCreated',
          FileName: 'a.exe',
          ProcessCommandLine: 'a -x',
        })
        expect(records[1]!.fields).toMatchObject({
          FileName: 'a, b.exe',
          ProcessCommandLine: 'say "hi"\r\nagain',
          AdditionalFields: '{"A":[1,2]}',
        })
      }
    }
  })

  it.each([';', '\t', '|'])('may be delimited by %j', async (delimiter) => {
    const { records } = await readContent(`${HEADER}\n${ROW}`.replaceAll(',', delimiter))
    expect(records).toMatchObject([{ table: 'DeviceProcessEvents', fields: { FileName: 'a.exe' } }])
  })

  it('of several tables are told row by row', async () => {
    const rows = ['FileCreated', 'ProcessCreated', 'ScheduledTaskCreated'].map(
      (action) => `2026-01-02T03:04:05Z,h,${action},a.exe`,
    )
    const { records } = await readContent(`Timestamp,DeviceName,ActionType,FileName\n${rows.join('\n')}`)
    expect(records.map(({ table }) => table)).toEqual(['DeviceFileEvents', 'DeviceProcessEvents', 'DeviceEvents'])
  })

  it('are what a column says they are', async () => {
    const { records } = await readContent('TimeGenerated,Type,Computer,X\n2026-01-02T03:04:05Z,Some_CL,h,1')
    expect(records).toMatchObject([{ table: 'Some_CL', computer: 'h', fields: { X: '1' } }])
  })
})

describe('times', () => {
  const times = async (header: string, ...values: string[]): Promise<Awaited<ReturnType<typeof readContent>>> =>
    readContent(
      `${header},DeviceName,FileName,ActionType\n${values.map((value) => `"${value}",h,f,FileCreated`).join('\n')}`,
    )

  it('without a zone are flagged', async () => {
    const { records } = await times('Timestamp', 'Nov 21, 2026 7:04:11 AM', '2026-11-21 07:04:11')
    for (const record of records)
      expect(record).toMatchObject({ time: at('2026-11-21T07:04:11Z'), timeWithoutZone: true })
  })

  it('in a column that names UTC have a zone', async () => {
    const { records } = await times('TimeGenerated [UTC]', '11/21/2026, 7:04:11.123 AM')
    expect(records).toMatchObject([
      {
        time: at('2026-11-21T07:04:11.123Z'),
        timeWithoutZone: false,
        fields: { TimeGenerated: '11/21/2026, 7:04:11.123 AM' },
      },
    ])
  })

  it('have the order of day and month that any row shows', async () => {
    const dayFirst = await times('Timestamp', '1/2/2026 10:00', '13/2/2026 10:00')
    expect(dayFirst.records.map(({ time }) => time)).toEqual([at('2026-02-01T10:00:00Z'), at('2026-02-13T10:00:00Z')])
    const monthFirst = await times('Timestamp', '1/2/2026 10:00', '2/13/2026 10:00')
    expect(monthFirst.records[0]!.time).toBe(at('2026-01-02T10:00:00Z'))
    expect([...dayFirst.faults, ...monthFirst.faults]).toEqual([])
  })

  it('that show no order are read by the clock they use, and said so', async () => {
    const twelve = await times('Timestamp', '1/2/2026 10:00:00 AM')
    expect(twelve.records[0]!.time).toBe(at('2026-01-02T10:00:00Z'))
    const twentyFour = await times('Timestamp', '1/2/2026 10:00:00')
    expect(twentyFour.records[0]!.time).toBe(at('2026-02-01T10:00:00Z'))
    for (const { faults } of [twelve, twentyFour]) expect(faults).toMatchObject([{ code: 'time-ambiguous', lost: 0 }])
  })

  it('that cannot be read are said, and the row is kept', async () => {
    const result = await times('Timestamp', 'soon')
    expect(result.records).toMatchObject([{ time: Number.NaN, fields: { Timestamp: 'soon' } }])
    expect(faultLines(result)).toEqual(['time-unreadable@2'])
  })
})

describe('a broken row costs itself', () => {
  it.each([
    ['with a cell too many', `${ROW},`, 'csv-columns@3'],
    ['with a cell too few', 'a,b', 'csv-columns@3'],
    ['with text behind a quote', '"a"b,c,d,e,f,g', 'csv-syntax@3'],
    ['with a quote that does not end', '"a,b,c', 'csv-syntax@3'],
  ])('%s', async (_, row, fault) => {
    for (const blockSize of [9, 65536]) {
      const result = await readContent(`${HEADER}\n${ROW}\n${row}\n${ROW}\n`, blockSize)
      expect(result.records.map(({ position }) => position)).toEqual([2, 4])
      expect(faultLines(result)).toEqual([fault])
    }
  })
})

it('other CSV says that its table is not known', async () => {
  for (const text of ['name,time,value\na,2026-01-02,c\n', 'a,b\n1,2']) {
    const { records, faults } = await readContent(text)
    expect(records).toEqual([])
    expect(faults).toMatchObject([{ code: 'csv-unknown-table', position: 1 }])
  }
})

it('a table without rows is read and is empty', async () => {
  expect(await readContent(`${HEADER}\n`)).toEqual({ records: [], faults: [] })
  expect(await readContent(HEADER)).toEqual({ records: [], faults: [] })
})

it('events as EvtxECmd writes them are events', async () => {
  const payload = '"{""EventData"":{""Data"":[{""@Name"":""Image"",""#text"":""a.exe""}]}}"'
  const text = `RecordNumber,EventRecordId,TimeCreated,EventId,Level,Provider,Channel,ProcessId,ThreadId,Computer,UserId,MapDescription,Payload\n1,77,2026-01-02 03:04:05.1234567,1,Info,P,C,4,8,h,S-1,m,${payload}`
  const { records } = await readContent(text)
  expect(records).toMatchObject([
    {
      provider: 'P',
      channel: 'C',
      computer: 'h',
      eventId: 1,
      recordId: 77,
      timeWithoutZone: true,
      fields: { Image: 'a.exe', 'System.UserID': 'S-1' },
    },
  ])
})
