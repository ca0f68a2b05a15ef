import { expect, it } from 'vitest'
import { type EncodingReport, encodingOf, toUtf8 } from './encoding.js'

/** Text of the bytes, handed over `size` at a time. */
async function decoded(bytes: Uint8Array, size: number): Promise<{ text: string; report: EncodingReport }> {
  const report: EncodingReport = { encoding: '', invalid: 0 }
  async function* blocks(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  }
  const parts: Uint8Array[] = []
  for await (const part of toUtf8(blocks(), report)) parts.push(part)
  return { text: Buffer.concat(parts).toString('utf8'), report }
}

const TEXT = '{"a":"é€😀"}\n'
const utf16be = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16()

it.each([
  ['utf-8', Buffer.from(TEXT)],
  ['utf-8 with mark', Buffer.from(`\ufeff${TEXT}`)],
  ['utf-16le', Buffer.from(TEXT, 'utf16le')],
  ['utf-16le with mark', Buffer.from(`\ufeff${TEXT}`, 'utf16le')],
  ['utf-16be', utf16be(TEXT)],
  ['utf-16be with mark', utf16be(`\ufeff${TEXT}`)],
])('%s is read whatever the size of the blocks', async (_, bytes) => {
  for (const size of [1, 2, 3, 5, 1000]) {
    const { text, report } = await decoded(bytes, size)
    expect(text).toBe(TEXT)
    expect(report.invalid).toBe(0)
  }
})

it('bytes that are no text become U+FFFD and are counted', async () => {
  const { text, report } = await decoded(Buffer.from([0x61, 0x62, 0x63, 0x64, 0xff, 0x65]), 100)
  expect(text).toBe('abcd\ufffde')
  expect(report.invalid).toBe(1)
})

it('a character cut at the end is counted', async () => {
  expect((await decoded(Buffer.from('abcdé').subarray(0, 5), 2)).report.invalid).toBe(1)
  expect((await decoded(Buffer.from('abcd', 'utf16le').subarray(0, 7), 2)).report.invalid).toBe(1)
})

it('a text shorter than a mark is read', async () => {
  expect((await decoded(Buffer.from('[]'), 100)).text).toBe('[]')
  expect((await decoded(Buffer.from('\ufeff'), 100)).text).toBe('')
})

it('the code page that XML declares is believed where the bytes allow it', () => {
  expect(encodingOf(Buffer.from('<?xml version="1.0" encoding="ISO-8859-1"?>')).name).toBe('windows-1252')
  expect(encodingOf(Buffer.from('<?xml version="1.0" encoding="utf-16"?>')).name).toBe('utf-8')
  expect(encodingOf(Buffer.from('<?xml version="1.0" encoding="no-such"?>')).name).toBe('utf-8')
})
