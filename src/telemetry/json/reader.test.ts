import { describe, expect, it } from 'vitest'
import { faultLines, readContent } from '../../../test/fixtures/read-content.js'
import { ByteBuffer } from '../../text/bytes.js'
import { readSource } from '../read.js'

const event = (id: number, more = {}): object => ({ time: '2026-01-02T03:04:05Z', id, ...more })
const line = (id: number, more = {}): string => JSON.stringify(event(id, more))
const ids = (result: Awaited<ReturnType<typeof readContent>>): unknown[] =>
  result.records.map(({ fields }) => fields.id)

describe('records strung together', () => {
  const lines = [1, 2, 3].map((id) => line(id)).join('\n')
  it.each([
    ['lines', lines, [1, 2, 3]],
    ['lines with blank ones and carriage returns', `\r\n${lines.replaceAll('\n', '\r\n\r\n')}\r\n`, [2, 4, 6]],
    ['lines that end in commas', lines.replaceAll('\n', ',\n'), [1, 2, 3]],
    ['objects without anything between', lines.replaceAll('\n', ''), [1, 1, 1]],
    ['objects over several lines', [1, 2, 3].map((id) => JSON.stringify(event(id), null, 2)).join('\n'), [1, 5, 9]],
    ['an array', `[${lines.replaceAll('\n', ',')}]`, [0, 1, 2]],
    ['an array over several lines', JSON.stringify([event(1), event(2), event(3)], null, 2), [0, 1, 2]],
    ['a text sequence', lines.replaceAll('\n', '\n\x1e'), [1, 2, 3]],
    ['files with a mark each', `\ufeff${lines.replaceAll('\n', '\n\ufeff')}`, [1, 2, 3]],
    [
      'search hits',
      `{"took":3,"hits":{"total":{"value":3},"hits":[${lines.replaceAll('\n', ',')}]},"x":[1]}`,
      [0, 1, 2],
    ],
    [
      'an OData page',
      JSON.stringify({ '@odata.context': 'x', value: [event(1), event(2), event(3)] }, null, 1),
      [0, 1, 2],
    ],
    ['hunting results', `{"Schema":[{"Name":"id"}],"Results":[${lines.replaceAll('\n', ',')}]}`, [0, 1, 2]],
    ['hub records, a list a line', `{"records":[${line(1)}]}\n{"records":[${line(2)},${line(3)}]}`, [0, 0, 1]],
  ])('%s', async (_, text, positions) => {
    for (const blockSize of [1, 7, 65536]) {
      const result = await readContent(text, blockSize)
      expect(faultLines(result)).toEqual([])
      expect(ids(result)).toEqual([1, 2, 3])
      expect(result.records.map(({ position }) => position)).toEqual(positions)
    }
    const wide = await readContent(Buffer.from(text, 'utf16le'))
    expect(ids(wide)).toEqual([1, 2, 3])
  })

  it('rows of tables', async () => {
    const columns = [{ name: 'TimeGenerated', type: 'datetime' }, { name: 'id' }, { name: 'more' }]
    const rows = [1, 2].map((id) => ['2026-01-02T03:04:05Z', id, { a: [1, 2] }])
    const text = JSON.stringify({
      tables: [
        { name: 'PrimaryResult', columns, rows: [...rows, [1]] },
        { columns, rows },
      ],
    })
    for (const blockSize of [1, 65536]) {
      const result = await readContent(text, blockSize)
      expect(ids(result)).toEqual([1, 2, 1, 2])
      expect(result.records[0]!.fields.more).toBe('{"a":[1,2]}')
      expect(faultLines(result)).toEqual(['json-no-event@2'])
    }
  })

  it('an empty list is read and is empty', async () => {
    for (const text of ['[]', '{"value":[]}', '{"Results":[]}'])
      expect(await readContent(text)).toEqual({ records: [], faults: [] })
  })
})

describe('a broken record costs itself', () => {
  it.each([
    ['a line without its end', `${line(1)}\n{"id":2,"a":"unfin\n${line(3)}`],
    ['a line cut within an object', `${line(1)}\n{"id":2,"a":{"b":1\n${line(3)}`],
    ['a line that is text', `${line(1)}\nnot json\n${line(3)}`],
    ['a line that is a word', `${line(1)}\ntrue\n${line(3)}`],
    ['a line with a bad escape', `${line(1)}\n{"id":2,"a":"\\x"}\n${line(3)}`],
    ['a line with a bad number', `${line(1)}\n{"id":02}\n${line(3)}`],
    ['a line with a control character', `${line(1)}\n{"id":"\x01"}\n${line(3)}`],
    ['an object over lines', `${line(1)}\n{\n  "id" 2,\n  "a": {\n    "b": 1\n  }\n}\n${line(3)}`],
  ])('%s', async (_, text) => {
    for (const blockSize of [1, 10, 65536]) {
      const result = await readContent(text, blockSize)
      expect(ids(result)).toEqual([1, 3])
      expect(result.faults).toHaveLength(1)
      expect(result.faults[0]).toMatchObject({ position: 2, lost: 1 })
    }
  })

  it.each([
    ['in an array on one line', `[${line(1)}, {"id":2 "a":1}, ${line(3)}]`],
    ['in an array without blanks', `[${line(1)},{"id":2,"a":tru},${line(3)}]`],
    ['in an array, a line an element', `[\n${line(1)},\n{"id":2,"a":"\n},\n${line(3)}\n]`],
    ['in an indented array', JSON.stringify([event(1), event(2), event(3)], null, 2).replace('"id": 2', '"id": {')],
    ['that is no object', `[${line(1)}, 7, ${line(3)}]`],
  ])('%s', async (_, text) => {
    for (const blockSize of [1, 10, 65536]) {
      const result = await readContent(text, blockSize)
      expect(ids(result)).toEqual([1, 3])
      expect(result.faults).toHaveLength(1)
      expect(result.faults[0]).toMatchObject({ position: 1, lost: 1 })
    }
  })

  it('a text cut within its last record has the records before', async () => {
    const result = await readContent(`${line(1)}\n${line(2).slice(0, -5)}`)
    expect(ids(result)).toEqual([1])
    expect(faultLines(result)).toEqual(['json-syntax@2'])
  })

  it('an object nested without end is refused', async () => {
    const result = await readContent(`${'{"a":'.repeat(100_000)}\n${line(1)}\n{"a":${'['.repeat(100_000)}\n${line(2)}`)
    expect(ids(result)).toEqual([1, 2])
    expect(result.faults.map(({ code }) => code)).toEqual(['json-syntax', 'json-syntax'])
  })

  it('a value longer than any record is passed over', async () => {
    const long = 'x'.repeat(2 ** 20)
    async function* chunks(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(`${line(1)}\n{"id":2,"a":"`)
      for (let index = 0; index < 70; index++) yield Buffer.from(long)
      yield Buffer.from(`"}\n${line(3)}`)
    }
    const found: unknown[] = []
    for await (const { items } of readSource({ name: 'x', size: undefined, chunks: chunks() })) {
      for (const item of items)
        found.push(item.kind === 'fault' ? item.code : item.value(item.layout.names.indexOf('id')))
    }
    expect(found).toEqual([1, 'too-large', 3])
  })
})

describe('values', () => {
  it('keep all digits of numbers', async () => {
    const text =
      '{"time":"2026-01-02T03:04:05Z","a":-9223372036854775808,"b":9007199254740993,"c":1.5,"d":12345678901234567890.5,"e":1e3}'
    const { records } = await readContent(text)
    expect(records[0]!.fields).toMatchObject({ a: -9223372036854775808n, b: 9007199254740993n, c: 1.5, e: 1000 })
  })

  it('are text as written, whatever way they are asked for', async () => {
    const values = {
      plain: 'a\\b',
      escaped: '"\\/\b\f\n\r\t',
      wide: 'é€😀\u2028',
      number: 12.5,
      yes: true,
      no: false,
      list: [1, { a: 'b  c' }],
      empty: '',
    }
    const text = `{"time":"2026-01-02T03:04:05Z","nothing":null,"surrogates":"\\ud83d\\ude00\\u00e9\\u20ac\\ud83d","list2" : [ 1 , "a  b" ],${JSON.stringify(values).slice(1)}`
    for await (const { items } of readSource({
      name: 'x',
      size: 1,
      chunks: (async function* () {
        yield Buffer.from(text)
      })(),
    })) {
      for (const item of items) {
        if (item.kind === 'fault') throw new Error(item.message)
        const texts: Record<string, string | undefined> = {}
        item.layout.names.forEach((name, index) => {
          const out = new ByteBuffer(1)
          const isThere = item.appendText(index, out)
          const value = item.text(index)
          expect(isThere).toBe(value !== undefined)
          expect(out.toString().replaceAll('\ufffd', '?')).toBe(
            (value ?? '').replace(/[\ud800-\udfff](?![\udc00-\udfff])(?<![\ud800-\udbff][\udc00-\udfff])/g, '?'),
          )
          texts[name] = value
        })
        expect(texts).toMatchObject({
          ...values,
          number: '12.5',
          yes: 'true',
          no: 'false',
          list: '[1,{"a":"b  c"}]',
          list2: '[1,"a  b"]',
        })
        expect(texts.nothing).toBeUndefined()
        expect(texts.surrogates).toBe('😀é€\ud83d')
      }
    }
  })

  it('of keys that repeat or have meaning elsewhere are kept', async () => {
    const { records } = await readContent(
      '{"time":"2026-01-02T03:04:05Z","a":1,"a":2,"__proto__":{"polluted":1},"constructor":3,"":4,"a.b":5}',
    )
    expect(Object.entries(records[0]!.fields)).toEqual(
      expect.arrayContaining([
        ['a', 1],
        ['a[1]', 2],
        ['__proto__.polluted', 1],
        ['constructor', 3],
        ['', 4],
        ['a.b', 5],
      ]),
    )
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
  })
})

it('records with the same members share a layout, in whatever order the members are', async () => {
  const layouts = new Set<object>()
  const text = ['{"time":"2026-01-01","b":{"c":1},"a":2}', '{"a":3,"b":{"c":4},"time":"2026-01-01"}'].join('\n')
  const values: unknown[] = []
  for await (const { items } of readSource({
    name: 'x',
    size: 1,
    chunks: (async function* () {
      yield Buffer.from(text)
    })(),
  })) {
    for (const item of items) {
      if (item.kind === 'fault') continue
      layouts.add(item.layout)
      values.push(item.layout.names.map((name, index) => [name, item.value(index)]))
    }
  }
  expect(layouts.size).toBe(1)
  expect(values).toEqual([
    [
      ['a', 2],
      ['b.c', 1],
      ['time', '2026-01-01'],
    ],
    [
      ['a', 3],
      ['b.c', 4],
      ['time', '2026-01-01'],
    ],
  ])
})

it('an object that is nothing known is a record where it has a time, else a fault', async () => {
  const result = await readContent('{"ts":1588205199.82437,"uid":"C1"}\n{"name":"x"}\n{"time":"some day"}')
  expect(result.records).toMatchObject([
    { table: '', provider: '', eventId: -1, time: 1588205199824370, timeWithoutZone: false, fields: { uid: 'C1' } },
    { time: Number.NaN },
  ])
  expect(faultLines(result)).toEqual(['json-no-event@2', 'time-unreadable@3'])
})

it('bytes that are no text are one note', async () => {
  const bytes = Buffer.concat([
    Buffer.from('{"time":"2026-01-02T03:04:05Z","a":"'),
    Buffer.from([0xff]),
    Buffer.from('"}\n'),
  ])
  const result = await readContent(Buffer.concat([bytes, bytes]))
  expect(result.records.map(({ fields }) => fields.a)).toEqual(['\ufffd', '\ufffd'])
  expect(result.faults).toMatchObject([{ code: 'encoding', lost: 0 }])
})

it('many objects that are all different are read', async () => {
  const text = Array.from({ length: 3000 }, (_, index) =>
    line(index, Object.fromEntries(Array.from({ length: 40 }, (_, key) => [`k${index}-${key}`, key]))),
  ).join('\n')
  const result = await readContent(text)
  expect(ids(result)).toEqual(Array.from({ length: 3000 }, (_, index) => index))
  expect(result.records[2999]!.fields['k2999-39']).toBe(39)
})
