import { describe, expect, it } from 'vitest'
import { faultLines, readContent } from '../../../test/fixtures/read-content.js'

const event = (id: number, rest = '<EventData><Data Name="A">x</Data></EventData>', prefix = ''): string =>
  `<${prefix}Event xmlns${prefix && ':'}${prefix.slice(0, -1)}='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='P' Guid='{G}'/><EventID Qualifiers='16384'>${id}</EventID><Level>4</Level><TimeCreated SystemTime='2026-01-02T03:04:05.1234567Z'/><EventRecordID>${id}0</EventRecordID><Correlation/><Execution ProcessID='4' ThreadID='8'/><Channel>C</Channel><Computer>h</Computer><Security UserID='S-1'/></System>${rest}</${prefix}Event>`

const eventIds = async (text: string | Uint8Array, blockSize?: number): Promise<number[]> =>
  (await readContent(text, blockSize)).records.map(({ eventId }) => eventId)

const fieldsOf = async (rest: string): Promise<Record<string, unknown>> => {
  const { records, faults } = await readContent(event(1, rest))
  expect(faults).toEqual([])
  return Object.fromEntries(Object.entries(records[0]!.fields).filter(([name]) => !name.startsWith('System.')))
}

it('an event has its header and its fields', async () => {
  const { records } = await readContent(event(7))
  expect(records).toMatchObject([
    {
      position: 1,
      provider: 'P',
      channel: 'C',
      computer: 'h',
      eventId: 7,
      recordId: 70,
      time: Date.parse('2026-01-02T03:04:05.123Z') * 1000 + 456,
      timeWithoutZone: false,
      fields: {
        A: 'x',
        'System.ProviderGuid': '{G}',
        'System.Qualifiers': '16384',
        'System.Level': '4',
        'System.ProcessID': '4',
        'System.ThreadID': '8',
        'System.UserID': 'S-1',
      },
    },
  ])
})

describe('events strung together', () => {
  const three = [1, 2, 3].map((id) => event(id))
  it.each([
    ['in an Events element', `<?xml version="1.0"?>\n<Events>${three.join('')}</Events>`],
    ['one after another', three.join('')],
    ['on lines', three.join('\r\n')],
    ['with a declaration each', three.map((text) => `<?xml version="1.0" encoding="utf-16"?>${text}`).join('\n')],
    [
      'with a namespace prefix',
      [1, 2, 3]
        .map((id) => event(id, '', 'e:'))
        .join('\n')
        .replaceAll(/<(\/?)(?!\/|e:)(\w)/g, '<$1e:$2'),
    ],
  ])('%s', async (_, text) => {
    for (const blockSize of [1, 13, 65536]) expect(await eventIds(text, blockSize)).toEqual([1, 2, 3])
    expect(await eventIds(Buffer.from(`\ufeff${text}`, 'utf16le'))).toEqual([1, 2, 3])
  })

  it('have the lines they start on', async () => {
    const { records } = await readContent(
      `<Events>\n${event(1)}\n\n${event(2).replaceAll('><', '>\n<')}\n${event(3)}</Events>`,
    )
    expect(records.map(({ position }) => position)).toEqual([2, 4, expect.any(Number)])
  })
})

describe('data', () => {
  it('without names are numbered', async () => {
    expect(await fieldsOf('<EventData><Data>a</Data><Data>b\nc</Data><Binary>00FF</Binary></EventData>')).toEqual({
      'Data[0]': 'a',
      'Data[1]': 'b\nc',
      Binary: '00FF',
    })
  })

  it('with the same name are numbered', async () => {
    expect(
      await fieldsOf('<EventData><Data Name="A">1</Data><Data Name="A">2</Data><Data Name="A"/></EventData>'),
    ).toEqual({
      A: '1',
      'A[1]': '2',
      'A[2]': '',
    })
  })

  it('have entities and CDATA resolved', async () => {
    const text =
      '<EventData><Data Name="A">&lt;a&gt; &amp;amp; &#233;&#x20AC;</Data><Data Name="B"><![CDATA[<x></Event>&amp;]]></Data></EventData>'
    expect(await fieldsOf(text)).toEqual({ A: '<a> &amp; é€', B: '<x></Event>&amp;' })
  })

  it('of user data lose the element around them and keep their path', async () => {
    const text = "<UserData><Wrap xmlns='x'><A>1</A><B c='2'><D>3</D><D>4</D></B></Wrap></UserData>"
    expect(await fieldsOf(text)).toEqual({ A: '1', 'B.@c': '2', 'B.D': '3', 'B.D[1]': '4' })
    expect(await fieldsOf('<UserData><A><X>1</X></A><B><X>2</X></B></UserData>')).toEqual({ 'A.X': '1', 'B.X': '2' })
    expect(await fieldsOf('<UserData><Only>1</Only></UserData>')).toEqual({ Only: '1' })
  })

  it('of other elements keep their path', async () => {
    const text =
      "<EventData Name='N'><Other><X>1</X></Other></EventData><RenderingInfo Culture='en-US'><Message>m</Message><Keywords><Keyword>a</Keyword><Keyword>b</Keyword></Keywords></RenderingInfo>"
    expect(await fieldsOf(text)).toEqual({
      'EventData.@Name': 'N',
      'Other.X': '1',
      'RenderingInfo.@Culture': 'en-US',
      'RenderingInfo.Message': 'm',
      'RenderingInfo.Keywords.Keyword': 'a',
      'RenderingInfo.Keywords.Keyword[1]': 'b',
    })
  })
})

describe('a broken event costs itself', () => {
  it.each([
    ['with a tag that is not closed', '<EventData><Data>x</EventData>'],
    ['with an unknown entity', '<EventData><Data>&bomb;</Data></EventData>'],
    ['with a document type', '<!DOCTYPE x [<!ENTITY a "b">]>'],
    ['nested without end', '<a>'.repeat(1000)],
    ['with a character that XML has not', '<EventData><Data>\x01</Data></EventData>'],
  ])('%s', async (_, rest) => {
    for (const blockSize of [11, 65536]) {
      const result = await readContent(`<Events>\n${event(1)}\n${event(2, rest)}\n${event(3)}\n</Events>`, blockSize)
      expect(result.records.map(({ eventId }) => eventId)).toEqual([1, 3])
      expect(faultLines(result)).toEqual(['xml-syntax@3'])
    }
  })

  it('without its end', async () => {
    const result = await readContent(`${event(1)}\n${event(2).slice(0, -30)}\n${event(3)}\n${event(4).slice(0, 50)}`)
    expect(result.records.map(({ eventId }) => eventId)).toEqual([1, 3])
    expect(faultLines(result)).toEqual(['xml-syntax@2', 'xml-syntax@4'])
  })
})

it('a document type outside of events is never looked at', async () => {
  const bomb = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
  expect(await eventIds(`${bomb}<Events>${event(1)}</Events>`)).toEqual([1])
})

it('XML without events says so', async () => {
  const { records, faults } = await readContent('<?xml version="1.0"?><EventList><Eventful/></EventList>')
  expect(records).toEqual([])
  expect(faults).toMatchObject([{ code: 'xml-not-event', lost: 0 }])
})

it('endless beginnings of events are passed in linear time', async () => {
  const { faults } = await readContent('<Event>'.repeat(100_000))
  expect(faults).toHaveLength(100_000)
})

it('a time that cannot be read is said, and the event is kept', async () => {
  const result = await readContent(event(1).replace('2026-01-02T03:04:05.1234567Z', 'soon'))
  expect(result.records).toMatchObject([{ eventId: 1, time: Number.NaN, fields: { 'System.TimeCreated': 'soon' } }])
  expect(faultLines(result)).toEqual(['time-unreadable@1'])
})
