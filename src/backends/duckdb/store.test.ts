import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { recordOf } from '../../../test/record.js'
import { loadModel } from '../../events/model.js'
import type { SchemaMap } from '../../events/schema-map.js'
import { EventWriter } from '../../events/writer.js'
import { writeParquet } from './parquet.js'
import { type Part, Store } from './store.js'

const MAP: SchemaMap = {
  schema: 'test',
  about: '',
  sources: [],
  providers: ['Sensor*'],
  events: {
    1: {
      class: 'process',
      activity: 'launch',
      fields: {
        Image: ['process_file_path', { basename: 'process_file_name' }],
        Pid: 'process_pid',
        User: { account: 'process_user' },
        Hashes: { hashes: 'process_file' },
        Guid: { guid: 'process_uid' },
        Started: 'process_created_time',
        Late: { fallback: 'process_cmd_line' },
        Command: 'process_cmd_line',
      },
    },
    2: {
      class: 'other',
      activity: 'message',
      cases: [
        {
          class: 'registry',
          activity: { field: 'Kind', values: { SetValue: 'set-value' } },
          fields: {
            Target: ['reg_target', { 'registry-key': 'reg_key_path' }, { 'registry-value': 'reg_value_name' }],
          },
        },
      ],
      fields: { Text: 'message' },
    },
  },
}

const folder = mkdtempSync(join(tmpdir(), 'latchkey-test-'))
afterAll(() => rmSync(folder, { recursive: true }))

const sensor = (fields: Record<string, string | number | null>, more = {}) =>
  recordOf({
    provider: 'sensor one',
    eventId: 1,
    recordId: 7,
    time: 1_700_000_000_123_456,
    computer: 'HOST-1',
    fields,
    ...more,
  })

const SOURCE = { id: 1, name: 'log', size: 1, format: 'json', records: 4, unmapped: 0 }

let parts = 0
function partsOf(writer: EventWriter): Part[] {
  return writer.batches
    .filter((batch) => batch.rows > 0)
    .map((batch) => {
      const path = join(folder, `${parts++}.parquet`)
      writeParquet(path, batch)
      const part = {
        class: batch.name,
        path,
        rows: batch.rows,
        firstTime: Number.isFinite(batch.firstTime) ? batch.firstTime : undefined,
        lastTime: Number.isFinite(batch.lastTime) ? batch.lastTime : undefined,
        repeats: batch.hasRepeats(),
      }
      batch.clear()
      return part
    })
}

async function stored(records: Parameters<EventWriter['write']>[0][]): Promise<Store> {
  const store = await Store.open(loadModel())
  const writer = new EventWriter(loadModel(), [MAP])
  for (const record of records) writer.write(record, 1)
  await store.add(partsOf(writer), [], [], [])
  await store.settle()
  return store
}

describe('a record becomes an event', () => {
  test('fields go to the columns the map names, through their conversions', async () => {
    const store = await stored([
      sensor({
        Image: 'C:\\Temp\\Tööl.exe',
        Pid: '0x1f4',
        User: 'CORP\\ann',
        Hashes: 'SHA1=AB,MD5=CD,Other=1',
        Guid: '{0A-1B}',
        Started: '2023-11-14 22:13:20.5',
        Late: 'late',
        Command: 'tool "x" \\ \u0001\n',
        Empty: '-',
      }),
    ])
    const [row] = await store.rows(
      'SELECT process_file_path, process_file_name, process_pid, process_user_name, process_user_domain, process_file_sha1, process_file_md5, process_uid, epoch_us(process_created_time), process_cmd_line, epoch_us(time), time_quality, device_hostname, event_code, record_id, fields, activity FROM process',
    )
    expect(row?.slice(0, 15)).toEqual([
      'C:\\Temp\\Tööl.exe',
      'Tööl.exe',
      500n,
      'ann',
      'CORP',
      'ab',
      'cd',
      '0a-1b',
      1_700_000_000_500_000n,
      'tool "x" \\ \u0001\n',
      1_700_000_000_123_456n,
      'utc',
      'HOST-1',
      1n,
      7n,
    ])
    expect(JSON.parse(String(row?.[15]))).toMatchObject({
      Empty: '-',
      Late: 'late',
      Image: 'C:\\Temp\\Tööl.exe',
      Command: 'tool "x" \\ \u0001\n',
    })
    expect(row?.[16]).toBe('launch')
    await store.close()
  })

  test('a fallback fills a column only where nothing else did', async () => {
    const store = await stored([
      sensor({ Late: 'late', Command: 'first' }),
      sensor({ Late: 'late', Command: '-' }, { recordId: 8 }),
    ])
    expect(await store.rows('SELECT process_cmd_line FROM process ORDER BY record_id')).toEqual([['first'], ['late']])
    await store.close()
  })

  test('a case takes the records it has a word for; the rest stay with the event', async () => {
    const store = await stored([
      sensor({ Kind: 'setvalue', Target: 'HKLM\\Soft\\Run\\x' }, { eventId: 2 }),
      sensor({ Kind: 'else', Text: 'hello' }, { eventId: 2, recordId: 9 }),
    ])
    expect(await store.rows('SELECT activity, reg_target, reg_key_path, reg_value_name FROM registry')).toEqual([
      ['set-value', 'HKLM\\Soft\\Run\\x', 'HKEY_LOCAL_MACHINE\\Soft\\Run', 'x'],
    ])
    expect(await store.rows('SELECT activity, message FROM other')).toEqual([['message', 'hello']])
    await store.close()
  })

  test('a record that no map covers keeps every field', async () => {
    const store = await stored([sensor({ Anything: 'kept', 'a.b': 5 }, { provider: 'stranger', time: Number.NaN })])
    const [row] = await store.rows('SELECT schema, time, time_quality, fields FROM other')
    expect(row).toEqual([null, null, 'missing', '{"Anything":"kept","a.b":"5"}'])
    await store.close()
  })
})

describe('the store', () => {
  test('keeps a record once, however often it is added', async () => {
    const path = join(folder, 'twice.duckdb')
    const writer = new EventWriter(loadModel(), [MAP])
    const records = [
      sensor({ Image: 'a' }),
      sensor({ Image: 'a' }),
      sensor({ Image: 'b' }, { recordId: 8 }),
      sensor({ Image: 'a' }, { time: Number.NaN }),
    ]
    for (let run = 0; run < 2; run++) {
      const store = await Store.open(loadModel(), { path })
      for (const record of records) writer.write(record, run)
      expect((await store.add(partsOf(writer), [SOURCE], [], [])) + (await store.settle())).toBe(run === 0 ? 3 : 0)
      expect(await store.rows('SELECT count(*) FROM process')).toEqual([[3n]])
      await store.close()
    }
  })

  test('many rows of every kind of column come back as they went in', async () => {
    const store = await Store.open(loadModel())
    const writer = new EventWriter(loadModel(), [MAP])
    for (let row = 0; row < 5000; row++) {
      writer.write(
        sensor(
          { Image: row % 3 === 0 ? null : `C:\\${'x'.repeat(row % 70)}`, Pid: row % 7 === 0 ? '-' : row - 2500 },
          { recordId: row, computer: `H${row % 700}` },
        ),
        1,
      )
    }
    expect(await store.add(partsOf(writer), [], [], [])).toBe(5000)
    await store.settle()
    expect(
      await store.rows(
        "SELECT count(process_file_path), sum(length(process_file_path)), count(process_pid), sum(process_pid)::BIGINT, count(DISTINCT device_hostname), count(*) FILTER (device_hostname <> 'H' || (record_id % 700)) FROM process",
      ),
    ).toEqual([[3333n, BigInt(lengths()), 4285n, BigInt(pids()), 700n, 0n]])
    await store.close()
  })

  test('leaves nothing behind in its folder', async () => {
    const path = join(folder, 'tidy.duckdb')
    const store = await Store.open(loadModel(), { path })
    expect(store.partsFolder).toContain('tidy.duckdb.work')
    await store.close()
    expect(readdirSync(folder).filter((name) => name.includes('work'))).toEqual([])
  })

  test('says so where the file is no store', async () => {
    await expect(Store.open(loadModel(), { path: join(folder, 'missing', 'x.duckdb') })).rejects.toThrow(
      /folder does not exist/,
    )
  })
})

function lengths(): number {
  let sum = 0
  for (let row = 0; row < 5000; row++) if (row % 3 !== 0) sum += 3 + (row % 70)
  return sum
}

function pids(): number {
  let sum = 0
  for (let row = 0; row < 5000; row++) if (row % 7 !== 0) sum += row - 2500
  return sum
}
