import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readPaths, snapshot } from '../src/telemetry/index.js'
import { makeZip } from './fixtures/make-zip.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-damage-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const COUNT = 40
const json = Array.from({ length: COUNT }, (_, id) =>
  JSON.stringify({
    Event: {
      System: { Provider: { '@Name': 'P' }, EventID: id, TimeCreated: { '@SystemTime': '2026-01-02T03:04:05Z' } },
      EventData: { A: 'é"\\', Data: ['x', id] },
    },
  }),
).join('\n')
const xml = Array.from(
  { length: COUNT },
  (_, id) =>
    `<Event><System><Provider Name="P"/><EventID>${id}</EventID></System><EventData><Data Name="A">é&amp;</Data></EventData></Event>`,
).join('\n')
const csv = `Timestamp,DeviceName,ActionType,FileName\n${Array.from({ length: COUNT }, (_, id) => `1/${1 + (id % 28)}/2026 3:04:05 AM,"h ""${id}""",FileCreated,"a\nb"`).join('\n')}`
const CONTENTS: Readonly<Record<string, Buffer>> = {
  'JSON lines': Buffer.from(json),
  'a JSON array': Buffer.from(`{"value":[${json.replaceAll('\n', ',\n  ')}]}`),
  XML: Buffer.from(`<Events>\n${xml}\n</Events>`),
  'XML in UTF-16': Buffer.from(`\ufeff<Events>\n${xml}\n</Events>`, 'utf16le'),
  CSV: Buffer.from(csv),
  gzip: gzipSync(json),
  zip: makeZip([
    { name: 'a', content: Buffer.from(json) },
    { name: 'b', content: gzipSync(csv), method: 0 },
  ]),
}

async function read(bytes: Uint8Array): Promise<{ records: number; faults: number }> {
  const path = join(folder, 'x')
  writeFileSync(path, bytes)
  let records = 0
  let faults = 0
  for await (const { items } of readPaths([path])) {
    for (const item of items) {
      if (item.kind === 'fault') faults++
      else {
        snapshot(item)
        records++
      }
    }
  }
  return { records, faults }
}

let seed = 42
const random = (below: number): number => {
  seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff
  return (seed >> 4) % below
}

it.each(Object.keys(CONTENTS))(
  '%s, cut anywhere, gives what is before the cut and says that it is cut',
  async (name) => {
    const content = CONTENTS[name]!
    const whole = await read(content)
    expect(whole.faults).toBe(0)
    expect(whole.records % COUNT).toBe(0)
    for (let round = 0; round < 150; round++) {
      const length = random(content.length)
      const { records, faults } = await read(content.subarray(0, length))
      expect(records).toBeLessThanOrEqual(whole.records)
      if (records + faults === 0) expect(`nothing of ${length} bytes`).toBe('said')
    }
  },
)

it.each(Object.keys(CONTENTS))(
  '%s, with bytes turned over, neither crashes nor gives more than there is',
  async (name) => {
    const content = CONTENTS[name]!
    const whole = await read(content)
    for (let round = 0; round < 150; round++) {
      const bytes = Buffer.from(content)
      for (let count = 1 + random(3); count > 0; count--) bytes[random(bytes.length)]! ^= 1 << random(8)
      const { records, faults } = await read(bytes)
      expect(records).toBeLessThanOrEqual(whole.records + 3)
      if (records < whole.records - 3 && faults === 0)
        expect(`${whole.records - records} records`).toBe('said to be lost')
    }
  },
)

it('noise is read to a fault', async () => {
  for (let round = 0; round < 100; round++) {
    const bytes = Buffer.from(Array.from({ length: 1 + random(3000) }, () => random(256)))
    expect((await read(bytes)).faults).toBeGreaterThan(0)
  }
})
