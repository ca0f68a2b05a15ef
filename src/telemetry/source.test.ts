import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeZip } from '../../test/fixtures/make-zip.js'
import type { ArchiveLimits } from './archive/limits.js'
import { openSources } from './source.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-source-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** What the bytes of a file open to: `name: content` of sources, `name! code` of faults (`~` where nothing is lost). */
async function opened(bytes: Uint8Array, limits: Partial<ArchiveLimits> = {}): Promise<string[]> {
  const path = join(folder, 'x')
  writeFileSync(path, bytes)
  const lines: string[] = []
  for await (const item of openSources({ path, size: bytes.length }, limits)) {
    const name = item.name.slice(folder.length + 1)
    if ('kind' in item) lines.push(`${name}! ${item.code}${item.lost === 0 ? '~' : ''}`)
    else {
      const content = await buffer(item.chunks)
      lines.push(`${name}: ${content.length > 40 ? content.length : content.toString()}`)
    }
  }
  return lines
}

const text = (content: string): Buffer => Buffer.from(content)

async function tar(
  entries: readonly { name: string; content?: string; type?: 'file' | 'symlink' | 'directory' }[],
): Promise<Buffer> {
  const archive = pack()
  for (const { name, content = '', type = 'file' } of entries) {
    if (type === 'symlink') archive.entry({ name, type, linkname: '/etc/passwd' })
    else archive.entry({ name, type }, content)
  }
  archive.finalize()
  return buffer(archive)
}

describe('plain files', () => {
  it('open as they are, empty ones too', async () => {
    expect(await opened(text('hello'))).toEqual(['x: hello'])
    expect(await opened(text(''))).toEqual(['x: '])
  })

  it('that cannot be opened are a fault', async () => {
    const items = []
    for await (const item of openSources({ path: join(folder, 'absent'), size: 0 })) items.push(item)
    expect(items).toMatchObject([{ kind: 'fault', code: 'unreadable' }])
  })
})

describe('gzip', () => {
  it('gives all members as one', async () => {
    expect(await opened(Buffer.concat([gzipSync('one '), gzipSync('two')]))).toEqual(['x: one two'])
  })

  it('may be padded with zeros or a line end', async () => {
    expect(await opened(Buffer.concat([gzipSync('one'), Buffer.alloc(600)]))).toEqual(['x: one'])
    expect(await opened(Buffer.concat([gzipSync('one'), text('\n')]))).toEqual(['x: one'])
  })

  it('with bytes behind it is read and costs nothing', async () => {
    expect(await opened(Buffer.concat([gzipSync('one'), text('garbage')]))).toEqual(['x: one', 'x! archive-damaged~'])
  })

  it('that is cut gives everything before the cut', async () => {
    const content = Buffer.from(Array.from({ length: 50_000 }, (_, index) => `${index * 7919} `).join(''))
    const whole = gzipSync(content)
    const lines = await opened(whole.subarray(0, whole.length >> 1))
    expect(lines).toHaveLength(2)
    expect(Number(lines[0]!.slice(3))).toBeGreaterThan(content.length / 3)
    expect(lines[1]).toBe('x! archive-damaged')
  })

  it('whose content is not what was packed is a fault', async () => {
    const bytes = gzipSync('hello')
    bytes[bytes.length - 8]! ^= 1
    expect(await opened(bytes)).toEqual(['x: hello', 'x! archive-damaged'])
  })

  it('with a name and a comment in its header is read', async () => {
    const bytes = gzipSync('hello')
    bytes[3] = 8 | 16
    expect(await opened(Buffer.concat([bytes.subarray(0, 10), text('n\0c\0'), bytes.subarray(10)]))).toEqual([
      'x: hello',
    ])
  })
})

describe('tar', () => {
  it('gives its files in order, and no links', async () => {
    const bytes = await tar([
      { name: 'd/', type: 'directory' },
      { name: 'd/a', content: 'A' },
      { name: 'l', type: 'symlink' },
      { name: 'b', content: 'B' },
    ])
    expect(await opened(bytes)).toEqual(['x!d/a: A', 'x!b: B'])
    expect(await opened(gzipSync(bytes))).toEqual(['x!d/a: A', 'x!b: B'])
  })

  it('keeps long names', async () => {
    const name = `${'long/'.repeat(60)}é.json`
    expect(await opened(await tar([{ name, content: 'A' }]))).toEqual([`x!${name}: A`])
  })

  it('that is cut gives what is before the cut', async () => {
    const bytes = await tar([
      { name: 'a', content: 'A' },
      { name: 'b', content: 'B'.repeat(2000) },
    ])
    expect(await opened(bytes.subarray(0, 2048))).toEqual(['x!a: A', 'x!b: 512', 'x!b! archive-damaged'])
    expect(await opened(bytes.subarray(0, 1024))).toEqual(['x!a: A', 'x! archive-damaged~'])
    expect(await opened(bytes.subarray(0, 1100))).toEqual(['x!a: A', 'x! archive-damaged'])
  })

  it('whose compression is cut gives what is before the cut, with one fault', async () => {
    const noise = Array.from({ length: 20_000 }, (_, index) => Math.imul(index, 2654435761) >>> 0).join('')
    const bytes = gzipSync(
      await tar([
        { name: 'a', content: 'A' },
        { name: 'b', content: noise },
      ]),
    )
    const lines = await opened(bytes.subarray(0, bytes.length - 5000))
    expect(lines[0]).toBe('x!a: A')
    expect(lines.slice(2)).toEqual(['x!b! archive-damaged'])
  })

  it('with a damaged header ends there', async () => {
    const bytes = await tar([
      { name: 'a', content: 'A' },
      { name: 'b', content: 'B' },
    ])
    bytes[1024 + 3]! ^= 0xff
    expect(await opened(bytes)).toEqual(['x!a: A', 'x! archive-damaged'])
  })
})

describe('zip', () => {
  const members = [
    { name: 'a.json', content: text('A') },
    { name: 'd/', content: text(''), method: 0 },
    { name: 'd/b', content: text('B'), method: 0 },
  ]

  it('gives its files, packed or stored', async () => {
    expect(await opened(makeZip(members))).toEqual(['x!a.json: A', 'x!d/b: B'])
    expect(await opened(makeZip([]))).toEqual([])
  })

  it('may be of the large kind, have bytes before it and behind it', async () => {
    expect(await opened(makeZip(members, true))).toEqual(['x!a.json: A', 'x!d/b: B'])
    const zip = makeZip(members)
    expect(await opened(Buffer.concat([zip, text('\n')]))).toEqual(['x!a.json: A', 'x!d/b: B'])
    expect(await opened(Buffer.concat([zip.subarray(0, 4), zip]))).toEqual(['x!a.json: A', 'x!d/b: B'])
  })

  it('names members that cannot be read', async () => {
    const zip = makeZip([
      { name: 'secret', content: text('S'), flags: 1 },
      { name: 'odd', content: text('O'), method: 14 },
      { name: 'wrong', content: text('W'), crc: 7 },
      { name: 'good', content: text('G') },
    ])
    expect(await opened(zip)).toEqual([
      'x!secret! archive-encrypted',
      'x!odd! archive-damaged',
      'x!wrong: W',
      'x!wrong! archive-damaged',
      'x!good: G',
    ])
  })

  it.each([0, 8])('that is cut gives what is before the cut (flags %d)', async (flags) => {
    const noise = Buffer.from(Array.from({ length: 5000 }, (_, index) => Math.imul(index, 2654435761) >>> 0).join(''))
    const zip = makeZip([
      { name: 'a', content: text('A'), flags },
      { name: 'b', content: noise, flags },
      { name: 'c', content: text('C'), flags },
    ])
    const lines = await opened(zip.subarray(0, 12_000))
    expect(lines[0]).toBe('x!a: A')
    expect(lines[1]).toMatch(/^x!b: \d{5}$/)
    expect(lines.slice(2)).toEqual(['x!b! archive-damaged', 'x! archive-damaged'])
    expect(await opened(zip.subarray(0, zip.length - 30))).toMatchObject({
      length: 4,
      2: 'x!c: C',
      3: 'x! archive-damaged',
    })
  })

  it('members that point outside are read under a name that does not', async () => {
    const zip = makeZip(
      ['../../etc/passwd', '/abs', 'C:\\x\\y', 'a\u202eb\n'].map((name) => ({ name, content: text('!') })),
    )
    expect(await opened(zip)).toEqual([
      'x!etc/passwd! archive-unsafe-path~',
      'x!etc/passwd: !',
      'x!abs! archive-unsafe-path~',
      'x!abs: !',
      'x!C:/x/y! archive-unsafe-path~',
      'x!C:/x/y: !',
      'x!a?b?: !',
    ])
  })
})

describe('archives in archives', () => {
  it('are followed', async () => {
    const inner = gzipSync(await tar([{ name: 'deep.json', content: '{}' }]))
    const zip = makeZip([{ name: 'in.zip', content: makeZip([{ name: 'in.tgz', content: inner }]) }])
    expect(await opened(zip)).toEqual(['x!in.zip!in.tgz!deep.json: {}'])
  })

  it('are followed only so deep', async () => {
    let zip = makeZip([{ name: 'z', content: text('bottom') }])
    for (let depth = 0; depth < 10; depth++) zip = makeZip([{ name: 'z', content: zip }])
    expect(await opened(zip)).toEqual([`x${'!z'.repeat(6)}! archive-limit`])
  })

  it('of which one is damaged cost only that one', async () => {
    const zip = makeZip([
      { name: 'bad.gz', content: gzipSync('some content').subarray(0, 12) },
      { name: 'good', content: text('G') },
    ])
    expect(await opened(zip)).toEqual(['x!bad.gz: s', 'x!bad.gz! archive-damaged', 'x!good: G'])
  })
})

describe('bombs', () => {
  const zeros = Buffer.alloc(4 * 2 ** 20)

  it('are left once they have grown too far', async () => {
    const limits = { ratio: 100, ratioAfter: 2 ** 20 }
    const [first, second] = await opened(gzipSync(zeros), limits)
    expect(Number(first!.slice(3))).toBeLessThan(2 * 2 ** 20)
    expect(second).toBe('x! archive-limit')
  })

  it('in one member leave the other members', async () => {
    const zip = makeZip([
      { name: 'bomb', content: zeros },
      { name: 'good', content: text('G') },
    ])
    expect((await opened(zip, { ratio: 100, ratioAfter: 2 ** 20 })).slice(1)).toEqual([
      'x!bomb! archive-limit',
      'x!good: G',
    ])
  })

  it('of many members or many bytes are left', async () => {
    const zip = makeZip(Array.from({ length: 20 }, (_, index) => ({ name: `${index}`, content: text('x') })))
    expect((await opened(zip, { members: 5 })).at(-1)).toBe('x! archive-limit')
    expect((await opened(gzipSync(zeros), { bytes: 2 ** 20 })).at(-1)).toBe('x! archive-limit')
  })
})

it('a source that is not read to its end does not hold up the next', async () => {
  const bytes = await tar([
    { name: 'a', content: 'A'.repeat(100_000) },
    { name: 'b', content: 'B' },
  ])
  const path = join(folder, 'unread')
  writeFileSync(path, gzipSync(bytes))
  const names: string[] = []
  for await (const item of openSources({ path, size: 1 })) names.push(item.name.slice(path.length))
  expect(names).toEqual(['!a', '!b'])
})
