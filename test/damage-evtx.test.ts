import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { damageFile } from '../conformance/damage.js'
import { EvtxWriter } from '../src/telemetry/evtx/index.js'

const SAMPLES = resolve(import.meta.dirname, '../../shared/telemetry/omerbenamram+evtx/samples')

test('a damaged log of ours is read as far as it is whole', async () => {
  const writer = new EvtxWriter()
  for (let index = 0; index < 700; index++)
    writer.add({
      provider: index % 2 === 0 ? 'Example' : 'Another',
      eventId: index % 4,
      time: 1_700_000_000_000_000 + index,
      channel: 'Application',
      computer: 'host',
      data: [
        [`Name${index % 5}`, `value ${index}`],
        ['Count', index],
        ['Id', 'S-1-5-18', 'sid'],
      ],
    })
  expect(await damageFile(writer.finish(), 7, 150)).toEqual([])
})

// A clean log, a dirty one, one whose records have no template, and one that was already damaged.
test.each([
  'Security_short_selected.evtx',
  '2-vss_0-Microsoft-Windows-TerminalServices-RemoteConnectionManager%4Operational.evtx',
  'E_Windows_system32_winevt_logs_Microsoft-Windows-CAPI2%4Operational.evtx',
  'sample_with_a_bad_chunk_magic.evtx',
])('a damaged %s is read as far as it is whole', async (name) => {
  const path = join(SAMPLES, name)
  if (!existsSync(path)) return expect(existsSync(SAMPLES), `${name} is missing`).toBe(false)
  expect(await damageFile(readFileSync(path), 3, 60)).toEqual([])
})
