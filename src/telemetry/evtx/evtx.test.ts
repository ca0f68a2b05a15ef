import { describe, expect, test } from 'vitest'
import { ByteBuffer } from '../../text/bytes.js'
import { type FieldLayout, type ReadItem, type RecordSnapshot, snapshot } from '../record.js'
import { type EvtxEvent, EvtxWriter, isEvtx, readEvtx } from './index.js'

const EVENT: EvtxEvent = {
  provider: 'Example-Provider',
  providerGuid: '{5770385f-c22a-43e0-bf4c-06f5698ffbd9}',
  eventId: 7045,
  qualifiers: 16384,
  version: 2,
  level: 4,
  task: 10,
  opcode: 1,
  keywords: 0x8080000000000000n,
  time: 1_700_000_000_123_456,
  activityId: '{00000000-0000-0000-0000-000000000001}',
  processId: 600,
  threadId: 684,
  channel: 'System',
  computer: 'host.example',
  userSid: 'S-1-5-21-1-2-3-1001',
  data: [
    ['ServiceName', 'Žluťoučký 😀'],
    ['Count', 5],
    ['Delta', -5],
    ['Large', 2n ** 63n],
    ['Id', '{365abb72-2c13-5c94-0000-0010d3bc0000}', 'guid'],
    ['When', 1_700_000_000_000_000, 'time'],
    ['Handle', 0x7ff000, 'pointer'],
    ['Flags', 0x1f, 'hex32'],
    ['Logon', 0x3e7, 'hex64'],
    ['Sid', 'S-1-5-18', 'sid'],
    ['Yes', true],
    ['Half', 0.5],
    ['Raw', Uint8Array.of(1, 255)],
    ['Empty', ''],
    ['Nothing', null],
  ],
}

function logOf(count: number, change: (index: number) => Partial<EvtxEvent> = () => ({})): Uint8Array {
  const writer = new EvtxWriter()
  for (let index = 0; index < count; index++) writer.add({ ...EVENT, ...change(index) })
  return writer.finish()
}

async function* blocksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size)
}

async function read(log: Uint8Array, size = 1 << 20) {
  const records: RecordSnapshot[] = []
  const faults: Exclude<ReadItem, { kind: 'record' }>[] = []
  const layouts = new Set<FieldLayout>()
  for await (const block of readEvtx({ name: 'test', size: log.length, chunks: blocksOf(log, size) }))
    for (const item of block) {
      if (item.kind === 'fault') faults.push(item)
      else {
        records.push(snapshot(item))
        layouts.add(item.layout)
      }
    }
  return { records, faults, layouts }
}

describe('what the writer writes the reader reads', () => {
  test('field for field', async () => {
    const { records, faults } = await read(logOf(1))
    expect(faults).toEqual([])
    expect(records).toEqual([
      {
        position: 4096 + 512,
        table: '',
        provider: 'Example-Provider',
        channel: 'System',
        computer: 'host.example',
        eventId: 7045,
        recordId: 1,
        time: 1_700_000_000_123_456,
        timeWithoutZone: false,
        fields: {
          'System.ProviderGuid': '{5770385f-c22a-43e0-bf4c-06f5698ffbd9}',
          'System.Qualifiers': 16384,
          'System.Version': 2,
          'System.Level': 4,
          'System.Task': 10,
          'System.Opcode': 1,
          'System.Keywords': '0x8080000000000000',
          'System.ActivityID': '{00000000-0000-0000-0000-000000000001}',
          'System.ProcessID': 600,
          'System.ThreadID': 684,
          'System.UserID': 'S-1-5-21-1-2-3-1001',
          ServiceName: 'Žluťoučký 😀',
          Count: 5,
          Delta: -5,
          Large: 2n ** 63n,
          Id: '{365abb72-2c13-5c94-0000-0010d3bc0000}',
          When: '2023-11-14T22:13:20.0000000Z',
          Handle: '0x7ff000',
          Flags: '0x1f',
          Logon: '0x3e7',
          Sid: 'S-1-5-18',
          Yes: true,
          Half: 0.5,
          Raw: '01FF',
          Empty: '',
        },
      },
    ])
  })

  test('over many chunks, in blocks of any size', async () => {
    const log = logOf(1000, (index) => ({ computer: `host-${index % 3}`, data: [['Index', index]] }))
    expect(log.length).toBeGreaterThan(4096 + 2 * 65536)
    const whole = await read(log)
    expect(whole.faults).toEqual([])
    expect(whole.records.map(({ fields }) => fields.Index)).toEqual(Array.from({ length: 1000 }, (_, index) => index))
    for (const size of [1, 4095, 65536, 100_000]) expect((await read(log, size)).records).toEqual(whole.records)
  })

  test('with one layout for records of one make', async () => {
    const { layouts } = await read(logOf(600, (index) => ({ data: [[index % 2 === 0 ? 'A' : 'B', 1]] })))
    expect(layouts.size).toBe(2)
  })

  test('as UserData and as unnamed Data', async () => {
    const log = logOf(2, (index) =>
      index === 0
        ? {
            data: [
              ['', ['a', 'b']],
              ['Binary', Uint8Array.of(7)],
            ],
          }
        : { userData: { element: 'Cleared', namespace: 'urn:x', data: [['User', 'adam']] } },
    )
    const { records } = await read(log)
    expect(records[0]!.fields).toMatchObject({ 'Data[0]': 'a', 'Data[1]': 'b', Binary: '07' })
    expect(records[1]!.fields).toMatchObject({ User: 'adam' })
  })

  test('the same bytes for the same events', () => {
    expect(logOf(50)).toEqual(logOf(50))
  })

  test('and what no log can hold is refused', () => {
    const add = (data: EvtxEvent['data']) => () => new EvtxWriter().add({ ...EVENT, data: data! })
    expect(add([['X', 'x'.repeat(40_000)]])).toThrow(RangeError)
    expect(
      add([
        ['X', 'x'.repeat(30_000)],
        ['Y', 'y'.repeat(30_000)],
      ]),
    ).toThrow(RangeError)
    expect(add([['X', 300, 'uint8']])).toThrow(RangeError)
    expect(add([['X', 'no', 'guid']])).toThrow(RangeError)
  })
})

describe('the cursor', () => {
  test('gives a field as text, as bytes and as value', async () => {
    for await (const block of readEvtx({ name: '', size: undefined, chunks: blocksOf(logOf(1), 1 << 20) }))
      for (const item of block) {
        if (item.kind === 'fault') throw new Error(item.message)
        const out = new ByteBuffer(1)
        const index = item.layout.names.indexOf('Delta')
        expect(item.appendText(index, out)).toBe(true)
        expect([out.toString(), item.text(index), item.value(index)]).toEqual(['-5', '-5', -5])
        const nothing = item.layout.names.indexOf('Nothing')
        expect([item.appendText(nothing, out), item.text(nothing), item.value(nothing)]).toEqual([
          false,
          undefined,
          null,
        ])
        expect(out.toString()).toBe('-5')
      }
  })

  test('gives equal texts of the envelope as one string', async () => {
    const { records } = await read(logOf(400))
    expect(new Set(records.map(({ computer }) => computer)).size).toBe(1)
  })
})

describe('damage', () => {
  const log = logOf(300, (index) => ({
    data: [
      ['Index', index],
      ['Text', 'x'.repeat(200)],
    ],
  }))
  const recordAt = async (index: number) => (await read(log)).records[index]!.position
  const damaged = (change: (bytes: Uint8Array) => void): Uint8Array => {
    const bytes = log.slice()
    change(bytes)
    return bytes
  }
  const indices = (records: readonly RecordSnapshot[]) => records.map(({ fields }) => fields.Index)
  const all = Array.from({ length: 300 }, (_, index) => index)

  test('of a record costs that record', async () => {
    const at = await recordAt(20)
    const { records, faults } = await read(damaged((bytes) => bytes.fill(0xff, at, at + 60)))
    expect(indices(records)).toEqual(all.filter((index) => index !== 20))
    expect(faults.map(({ code, lost }) => [code, lost])).toEqual([
      ['evtx-checksum', 0],
      ['evtx-bad-record', 1],
    ])
  })

  test('of a size costs nothing', async () => {
    const at = await recordAt(20)
    for (const size of [0, 7, 0xffffffff, 4000]) {
      const { records, faults } = await read(
        damaged((bytes) => new DataView(bytes.buffer).setUint32(at + 4, size, true)),
      )
      expect(indices(records)).toEqual(all)
      expect(faults.map(({ code, lost }) => [code, lost])).toEqual([
        ['evtx-checksum', 0],
        ['evtx-bad-record', 0],
      ])
    }
  })

  test('of the header of the file costs nothing', async () => {
    const { records, faults } = await read(damaged((bytes) => bytes.fill(0xee, 0, 4096)))
    expect(indices(records)).toEqual(all)
    expect(faults.map(({ code }) => code)).toEqual(['evtx-header'])
    expect((await read(log.slice(4096))).records).toHaveLength(300)
  })

  test('of the header of a chunk costs nothing', async () => {
    const { records, faults } = await read(damaged((bytes) => bytes.fill(0, 4096, 4096 + 128)))
    expect(indices(records)).toEqual(all)
    expect(faults.map(({ code, lost }) => [code, lost])).toEqual([['evtx-bad-chunk', 0]])
  })

  test('of the free space offset costs nothing', async () => {
    for (const offset of [0, 1000, 65535]) {
      const { records } = await read(damaged((bytes) => new DataView(bytes.buffer).setUint32(4096 + 48, offset, true)))
      expect(indices(records)).toEqual(all)
    }
  })

  test('of a whole chunk costs the chunk, and the gap says how much', async () => {
    const { records, faults } = await read(damaged((bytes) => bytes.fill(0x55, 4096 + 65536, 4096 + 2 * 65536)))
    const missing = 300 - records.length
    expect(missing).toBeGreaterThan(50)
    expect(faults.map(({ code, lost }) => [code, lost])).toEqual([
      ['evtx-bad-chunk', Number.NaN],
      ['evtx-gap', missing],
    ])
  })

  test('a cut file says what is missing', async () => {
    const { records, faults } = await read(log.slice(0, 4096 + 65536 + 30_000))
    expect(faults.every(({ code }) => code === 'evtx-cut')).toBe(true)
    expect(faults.reduce((sum, { lost }) => sum + lost, records.length)).toBe(300)
  })

  test('a chunk that has become zeros is told', async () => {
    const { records, faults } = await read(damaged((bytes) => bytes.fill(0, 4096 + 65536, 4096 + 2 * 65536)))
    expect(faults.map(({ code, lost }) => [code, lost])).toEqual([
      ['evtx-bad-chunk', Number.NaN],
      ['evtx-gap', 300 - records.length],
    ])
  })

  test('chunks that were never written are no fault', async () => {
    const { records, faults } = await read(Buffer.concat([log, new Uint8Array(3 * 65536)]))
    expect([records.length, faults]).toEqual([300, []])
  })

  test('bytes lost between chunks cost the chunk they were lost from', async () => {
    const at = 4096 + 65536 + 40_000
    const { records, faults } = await read(Buffer.concat([log.subarray(0, at), log.subarray(at + 1000)]))
    expect(records.length).toBeGreaterThan(150)
    expect(faults.some(({ code }) => code === 'evtx-bad-chunk')).toBe(true)
  })

  test('a step back in the numbers is told, unless it is where a file written round and round begins', async () => {
    const chunk = (index: number) => log.subarray(4096 + index * 65536, 4096 + (index + 1) * 65536)
    const head = log.subarray(0, 4096)
    const round = await read(Buffer.concat([head, chunk(2), chunk(3), chunk(0), chunk(1)]))
    expect(round.faults).toEqual([])
    const twice = await read(Buffer.concat([head, chunk(3), chunk(2), chunk(1), chunk(0)]))
    expect(twice.faults.map(({ code }) => code)).toEqual(['evtx-gap', 'evtx-gap'])
  })

  test('nothing at all is told as such', async () => {
    expect((await read(new Uint8Array(0))).faults).toMatchObject([{ code: 'empty' }])
    expect((await read(new Uint8Array(200_000).fill(1))).faults).toMatchObject([{ code: 'evtx-header' }])
  })
})

describe('isEvtx', () => {
  test('knows a log by its first bytes', () => {
    const log = logOf(1)
    expect([isEvtx(log.subarray(0, 8)), isEvtx(log.subarray(4096)), isEvtx(new Uint8Array(8))]).toEqual([
      true,
      true,
      false,
    ])
    expect(isEvtx(Buffer.concat([new Uint8Array(4096), log.subarray(4096)]))).toBe(true)
  })
})
