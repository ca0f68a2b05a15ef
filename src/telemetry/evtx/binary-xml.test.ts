import { describe, expect, test } from 'vitest'
import { snapshot } from '../record.js'
import { ByteSink } from './byte-sink.js'
import { readEvtx } from './index.js'
import { Token, Type } from './tokens.js'

/** Puts tokens of binary XML, each as the log stores it. */
class Tokens {
  constructor(readonly out: ByteSink) {}

  fragment(): this {
    this.out.raw(Uint8Array.of(Token.fragmentHeader, 1, 1, 0))
    return this
  }

  /** An element; `inValue` leaves out the dependency identifier, as binary XML in a value does. */
  element(
    name: string,
    attributes: readonly (readonly [string, () => void])[],
    content: (() => void) | undefined,
    inValue = false,
  ): this {
    const { out } = this
    out.u8(attributes.length > 0 ? Token.openElement | Token.more : Token.openElement)
    if (!inValue) out.u16(0xffff)
    out.u32(0)
    this.name(name)
    if (attributes.length > 0) {
      out.u32(0)
      for (const [attribute, value] of attributes) {
        out.u8(Token.attribute)
        this.name(attribute)
        value()
      }
    }
    if (content === undefined) out.u8(Token.closeEmpty)
    else {
      out.u8(Token.closeStart)
      content()
      out.u8(Token.endElement)
    }
    return this
  }

  name(name: string): void {
    this.out.u32(this.out.length + 4)
    this.out.u32(0)
    this.out.u16(0)
    this.out.u16(name.length)
    this.out.utf16(name)
    this.out.u16(0)
  }

  text(text: string, token: number = Token.value): this {
    this.out.u8(token)
    if (token === Token.value) this.out.u8(Type.string)
    this.out.u16(text.length)
    this.out.utf16(text)
    return this
  }

  slot(slot: number, type: number, token: number = Token.optionalSubstitution): this {
    this.out.u8(token)
    this.out.u16(slot)
    this.out.u8(type)
    return this
  }

  /** A template instance with its definition in place. */
  instance(
    definition: (tokens: Tokens) => void,
    values: readonly (readonly [type: number, put: (out: ByteSink) => void])[],
  ): this {
    const { out } = this
    out.u8(Token.templateInstance)
    out.u8(1)
    out.u32(7)
    out.u32(out.length + 4)
    out.u32(0)
    out.raw(new Uint8Array(16).fill(7))
    const size = out.hole(4)
    this.fragment()
    definition(this)
    out.u8(Token.end)
    out.setU32(size, out.length - size - 4)
    this.values(values)
    return this
  }

  values(values: readonly (readonly [type: number, put: (out: ByteSink) => void])[]): void {
    const { out } = this
    out.u32(values.length)
    const descriptors = out.hole(values.length * 4)
    for (const [index, [type, put]] of values.entries()) {
      const start = out.length
      put(out)
      out.setU32(descriptors + index * 4, (out.length - start) | (type << 16))
    }
  }
}

/** A log of one chunk with a record for each content. */
function logOf(...contents: ((tokens: Tokens) => void)[]): Uint8Array {
  const out = new ByteSink(65536)
  out.raw(new TextEncoder().encode('ElfChnk\0'))
  out.skip(512 - 8)
  for (const [index, content] of contents.entries()) {
    const start = out.length
    out.u32(0x2a2a)
    out.u32(0)
    out.u64(BigInt(index + 1))
    out.u64(133_500_000_000_000_000n)
    content(new Tokens(out))
    out.u8(Token.end)
    out.u32(out.length + 4 - start)
    out.setU32(start + 4, out.length - start)
  }
  out.setU32(24, 1)
  out.setU32(32, contents.length)
  out.setU32(48, out.length)
  return out.bytes.subarray(0, 65536)
}

async function read(log: Uint8Array) {
  const records = []
  const faults = []
  const layouts = []
  for await (const block of readEvtx({ name: 'test', size: log.length, chunks: inBlocks(log) }))
    for (const item of block) {
      if (item.kind === 'fault') faults.push(item)
      else {
        records.push(snapshot(item))
        layouts.push(item.layout)
      }
    }
  return { records, layouts, faults: faults.filter(({ code }) => code === 'evtx-bad-record') }
}

async function* inBlocks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

async function fieldsOf(content: (tokens: Tokens) => void): Promise<unknown> {
  const { records, faults } = await read(logOf(content))
  expect(faults).toEqual([])
  return records[0]?.fields
}

/** An event whose `EventData` or other part is what `content` puts. */
const event = (part: string, content: (t: Tokens) => void) => (t: Tokens) =>
  void t.fragment().element('Event', [], () => t.element(part, [], () => content(t)))

const utf16 = (text: string) => (out: ByteSink) => out.utf16(text)

describe('names of fields', () => {
  test('are those of Data, or its number where it has none', async () => {
    const fields = await fieldsOf(
      event('EventData', (t) => {
        t.element('Data', [['Name', () => t.text('Image')]], () => t.text('a.exe'))
        t.element('Data', [], () => t.text('first'))
        t.element('Data', [], () => t.text('second'))
        t.element('Binary', [], () => t.text('00FF'))
      }),
    )
    expect(fields).toEqual({ Image: 'a.exe', 'Data[0]': 'first', 'Data[1]': 'second', Binary: '00FF' })
  })

  test('have a number from the second of a kind on', async () => {
    const fields = await fieldsOf(
      event('EventData', (t) => {
        for (const text of ['a', 'b', 'c']) t.element('Data', [['Name', () => t.text('X')]], () => t.text(text))
      }),
    )
    expect(fields).toEqual({ X: 'a', 'X[1]': 'b', 'X[2]': 'c' })
  })

  test('are paths below the one element in UserData', async () => {
    const fields = await fieldsOf(
      event('UserData', (t) => {
        t.element('Wrapper', [['xmlns', () => t.text('urn:x')]], () => {
          t.element('User', [], () => t.text('adam'))
          t.element('List', [['size', () => t.text('2')]], () => {
            t.element('Item', [], () => t.text('a'))
            t.element('Item', [['k', () => t.text('v')]], () => t.text('b'))
          })
          t.element('Nothing', [], undefined)
        })
      }),
    )
    expect(fields).toEqual({
      User: 'adam',
      'List.@size': '2',
      'List.Item': 'a',
      'List.Item[1]': 'b',
      'List.Item[1].@k': 'v',
      Nothing: '',
    })
  })

  test('outside of the data keep their path', async () => {
    const fields = await fieldsOf(event('RenderingInfo', (t) => void t.element('Message', [], () => t.text('hello'))))
    expect(fields).toEqual({ 'RenderingInfo.Message': 'hello' })
  })
})

describe('text', () => {
  test('is put together from its parts', async () => {
    const fields = await fieldsOf(
      event('EventData', (t) => {
        t.element('Data', [['Name', () => t.text('X')]], () => {
          t.text('a')
          t.out.u8(Token.charRef)
          t.out.u16(0x42)
          t.out.u8(Token.entityRef)
          t.name('lt')
          t.text('<c>', Token.cdata)
        })
        t.out.u8(Token.piTarget)
        t.name('app')
        t.text('do', Token.piData)
      }),
    )
    expect(fields).toEqual({ X: 'aB<<c>', '?app': 'do' })
  })

  test('keeps surrogate pairs and replaces a lone surrogate', async () => {
    const fields = await fieldsOf((t) => {
      t.fragment().instance(
        () =>
          t.element('Event', [], () =>
            t.element('EventData', [], () => t.element('Data', [], () => t.slot(0, Type.string))),
          ),
        [[Type.string, utf16('é€😀\ud800x\udc00\0\0')]],
      )
    })
    expect(fields).toEqual({ 'Data[0]': 'é€😀\ufffdx\ufffd' })
  })

  test('with a substitution in it is absent only where all of it is', async () => {
    const definition = (t: Tokens) =>
      void t.element('Event', [], () =>
        t.element('EventData', [], () => {
          t.element('Data', [['Name', () => t.text('A')]], () => t.text('pid ').slot(0, Type.uint32))
          t.element('Data', [['Name', () => t.text('B')]], () => t.slot(1, Type.string).slot(2, Type.string))
        }),
      )
    const { records } = await read(
      logOf(
        (t) =>
          void t.fragment().instance(definition, [
            [Type.uint32, (out) => out.u32(7)],
            [Type.string, utf16('x')],
            [Type.null, () => {}],
          ]),
        (t) =>
          void t.fragment().instance(definition, [
            [Type.null, () => {}],
            [Type.null, () => {}],
            [Type.null, () => {}],
          ]),
      ),
    )
    expect(records.map(({ fields }) => fields)).toEqual([{ A: 'pid 7', B: 'x' }, { A: 'pid ' }])
  })
})

describe('substitutions', () => {
  const one = (t: Tokens) =>
    void t.element('Event', [], () =>
      t.element('EventData', [], () => t.element('Data', [], () => t.slot(0, Type.string))),
    )
  const value = (type: number, put: (out: ByteSink) => void) =>
    fieldsOf((t) => void t.fragment().instance(one, [[type, put]])).then(
      (fields) => (fields as Record<string, unknown>)['Data[0]'],
    )

  test.each<[string, number, (out: ByteSink) => void, unknown]>([
    ['int8', Type.int8, (out) => out.u8(0xfe), -2],
    ['uint8', Type.uint8, (out) => out.u8(0xfe), 254],
    ['int16', Type.int16, (out) => out.u16(0xfffe), -2],
    ['uint16', Type.uint16, (out) => out.u16(0xfffe), 65534],
    ['int32', Type.int32, (out) => out.u32(0xfffffffe), -2],
    ['uint32', Type.uint32, (out) => out.u32(0xfffffffe), 4294967294],
    ['int64', Type.int64, (out) => out.u64(-2n), -2],
    ['large int64', Type.int64, (out) => out.u64(-(2n ** 63n)), -(2n ** 63n)],
    ['uint64', Type.uint64, (out) => out.u64(2n ** 64n - 1n), 2n ** 64n - 1n],
    ['real32', Type.real32, (out) => out.u32(0x3dcccccd), Math.fround(0.1)],
    ['real64', Type.real64, (out) => out.f64(-0.25), -0.25],
    ['bool', Type.bool, (out) => out.u32(16), true],
    ['binary', Type.binary, (out) => out.raw(Uint8Array.of(0, 171, 255)), '00ABFF'],
    [
      'guid',
      Type.guid,
      (out) => out.raw(Uint8Array.from({ length: 16 }, (_, index) => index)),
      '{03020100-0504-0706-0809-0a0b0c0d0e0f}',
    ],
    ['size_t of 4', Type.sizeT, (out) => out.u32(0xabc), '0xabc'],
    ['size_t of 8', Type.sizeT, (out) => out.u64(0x1_0000_0abcn), '0x100000abc'],
    ['filetime', Type.fileTime, (out) => out.u64(133_500_000_001_234_567n), '2024-01-17T21:20:00.1234567Z'],
    ['filetime of 1601', Type.fileTime, (out) => out.u64(0n), '1601-01-01T00:00:00.0000000Z'],
    [
      'systemtime',
      Type.systemTime,
      (out) => out.raw(new Uint8Array(Uint16Array.of(2024, 2, 4, 29, 23, 59, 58, 7).buffer)),
      '2024-02-29T23:59:58.007Z',
    ],
    [
      'sid',
      Type.sid,
      (out) => out.raw(Uint8Array.of(1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0)),
      'S-1-5-32-544',
    ],
    ['hexint32', Type.hexInt32, (out) => out.u32(0), '0x0'],
    ['hexint64', Type.hexInt64, (out) => out.u64(0x8000000000000000n), '0x8000000000000000'],
    ['ansi string', Type.ansiString, (out) => out.raw(Uint8Array.of(0x61, 0x80, 0)), 'a€'],
    ['a size that does not fit', Type.uint32, (out) => out.u16(0x1234), '3412'],
    ['an unknown type', 0x55, (out) => out.u8(9), '09'],
    ['nothing', Type.null, () => {}, undefined],
  ])('%s', async (_, type, put, expected) => {
    expect(await value(type, put)).toEqual(expected)
  })

  test('an array of texts is a field for each', async () => {
    const { records, layouts } = await read(
      logOf(
        (t) => void t.fragment().instance(one, [[Type.string | Type.array, utf16('a\0\0b\0')]]),
        (t) => void t.fragment().instance(one, [[Type.string | Type.array, utf16('c\0d\0e\0')]]),
        (t) => void t.fragment().instance(one, [[Type.string | Type.array, utf16('f')]]),
      ),
    )
    expect(records.map(({ fields }) => Object.values(fields))).toEqual([['a', '', 'b'], ['c', 'd', 'e'], ['f']])
    expect(layouts[0]).toBe(layouts[1])
    expect(layouts[0]).not.toBe(layouts[2])
  })

  test('an array of numbers is a field for each, a very long one stays together', async () => {
    const short = await fieldsOf(
      (t) => void t.fragment().instance(one, [[Type.uint16 | Type.array, (out) => out.u32(0x00020001)]]),
    )
    expect(short).toEqual({ 'Data[0]': 1, 'Data[1]': 2 })
    const long = await fieldsOf(
      (t) => void t.fragment().instance(one, [[Type.uint8 | Type.array, (out) => out.skip(300)]]),
    )
    expect(long).toEqual({ 'Data[0]': Array(300).fill('0').join(', ') })
  })

  test('binary XML as a value stands where it is substituted', async () => {
    const outer = (t: Tokens) =>
      void t.element('Event', [], () => {
        t.element('System', [], () =>
          t.element('EventID', [['Qualifiers', () => t.slot(0, Type.uint16)]], () => t.slot(1, Type.uint16)),
        )
        t.slot(2, Type.binXml)
      })
    const inner = (out: ByteSink) => {
      const t = new Tokens(out)
      t.fragment().instance(
        () =>
          t.element('EventData', [], () =>
            t.element('Data', [['Name', () => t.text('N')]], () => t.slot(0, Type.uint32)),
          ),
        [[Type.uint32, (out) => out.u32(5)]],
      )
    }
    const plain = (out: ByteSink) => {
      const t = new Tokens(out)
      t.element('UserData', [], () => t.element('W', [], () => t.element('A', [], () => t.text('b'), true), true), true)
    }
    const values = (binXml: (out: ByteSink) => void) =>
      [
        [Type.uint16, (out: ByteSink) => out.u16(1)],
        [Type.uint16, (out: ByteSink) => out.u16(4624)],
        [Type.binXml, binXml],
      ] as const
    const { records, faults } = await read(
      logOf(
        (t) => void t.fragment().instance(outer, values(inner)),
        (t) => void t.fragment().instance(outer, values(plain)),
      ),
    )
    expect(faults).toEqual([])
    expect(records.map(({ eventId, fields }) => [eventId, fields])).toEqual([
      [4624, { 'System.Qualifiers': 1, N: 5 }],
      [4624, { 'System.Qualifiers': 1, A: 'b' }],
    ])
  })

  test('text in place of the numbers of System is read', async () => {
    const { records } = await read(
      logOf(
        event('System', (t) => {
          t.element('Provider', [['Name', () => t.text('P')]], undefined)
          t.element('EventID', [], () => t.text('4104'))
          t.element('TimeCreated', [['SystemTime', () => t.text('2024-01-01T00:00:00.5Z')]], undefined)
          t.element('EventRecordID', [], () => t.text('77'))
          t.element('Channel', [], () => t.text('C'))
          t.element('Computer', [], () => t.text('H'))
        }),
      ),
    )
    expect(records[0]).toMatchObject({
      provider: 'P',
      eventId: 4104,
      time: 1_704_067_200_500_000,
      recordId: 77,
      channel: 'C',
      computer: 'H',
      fields: {},
    })
  })
})

describe('hostile binary XML costs its record and no more', () => {
  const good = event('EventData', (t) => void t.element('Data', [], () => t.text('good')))

  test.each<[string, (t: Tokens) => void]>([
    ['elements without end', (t) => void t.fragment().out.raw(Uint8Array.of(1, 255, 255, 0, 0, 0, 0, 0, 2, 0, 0))],
    [
      'elements nested without bound',
      (t) => {
        t.fragment()
        const deep = (left: number): void => void t.element('a', [], () => (left > 0 ? deep(left - 1) : undefined))
        deep(1000)
      },
    ],
    [
      'more values than bytes',
      (t) =>
        void t
          .fragment()
          .instance(() => t.element('Event', [], undefined), [])
          .out.setU32(t.out.length - 4, 0xffffffff),
    ],
    [
      'values longer than the record',
      (t) => {
        t.fragment().instance(() => t.element('Event', [], undefined), [])
        t.out.setU32(t.out.length - 4, 1)
        t.out.u32(0xffff | (Type.string << 16))
      },
    ],
    [
      'a definition that is the instance itself',
      (t) => {
        t.fragment().out.u8(Token.templateInstance)
        t.out.u8(1)
        t.out.u32(0)
        t.out.u32(t.out.length - 6)
        t.out.u32(0)
      },
    ],
    [
      'a definition outside of the chunk',
      (t) => {
        t.fragment().out.u8(Token.templateInstance)
        t.out.u8(1)
        t.out.u32(0)
        t.out.u32(0xfffffff0)
        t.out.u32(0)
      },
    ],
    [
      'one long value used for thousands of fields',
      (t) =>
        void t.fragment().instance(
          () =>
            t.element('Event', [], () =>
              t.element('EventData', [], () => {
                for (let index = 0; index < 100; index++) t.element('D', [], () => t.slot(0, Type.string))
              }),
            ),
          [[Type.string, utf16('x'.repeat(10_000))]],
        ),
    ],
    [
      'names of fields that grow from level to level',
      (t) => {
        const name = 'n'.repeat(3000)
        t.fragment().element(name, [], () => {
          const reference = t.out.length - 11 - name.length * 2
          const deep = (left: number): void => {
            if (left === 0) return
            for (const _ of [0, 1]) {
              t.out.raw(Uint8Array.of(Token.openElement, 255, 255, 0, 0, 0, 0))
              t.out.u32(reference)
              t.out.u8(Token.closeStart)
              deep(left - 1)
              t.out.u8(Token.endElement)
            }
          }
          deep(9)
        })
      },
    ],
    [
      'a substitution with a number no record can hold',
      (t) => void t.fragment().instance(() => t.element('E', [], () => t.slot(60000, Type.string)), []),
    ],
    ['no content', () => {}],
  ])('%s', async (_, content) => {
    const { records, faults } = await read(logOf(good, content, good))
    expect(records.map(({ fields }) => fields)).toEqual([{ 'Data[0]': 'good' }, { 'Data[0]': 'good' }])
    expect(faults).toHaveLength(1)
    expect(faults[0]).toMatchObject({ lost: 1 })
  })
})
