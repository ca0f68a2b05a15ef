import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { identify } from './identify.js'
import type { Observation } from './observation.js'

/**
 * Every record of the shared telemetry in which the name of a tool occurs, with a reader's judgement. The fields are given to
 * identify() as the columns they become.
 */
const list = '../shared/telemetry/HITS.tsv'
const present = existsSync(list)

describe.skipIf(!present)(`the names in real telemetry${present ? '' : ` (skipped: ${list} is not there)`}`, () => {
  const rows = present ? readRows(readFileSync(list, 'utf8')) : []

  it('are read as what they are', () => {
    expect(rows.length).toBeGreaterThan(300)
    const mentioned = rows.filter(({ reading }) => /^(mention|admin-tool|built-in|rdp)/.test(reading ?? ''))
    const wrong = mentioned.flatMap((row) =>
      identify(observe(row))
        .filter(({ named, state, tool }) => named && state === 'at work' && tool.tier === 'remote-access')
        .map(({ tool }) => `${tool.id}: ${row.reading} | ${row.field}=${row.value}`),
    )
    expect(wrong).toEqual([])
  })

  it('name nothing at all where a tool is only mentioned', () => {
    const mentions = rows.filter(({ reading }) => reading?.startsWith('mention'))
    expect(mentions.length).toBeGreaterThan(100)
    expect(
      mentions.flatMap((row) =>
        identify(observe(row))
          .filter(({ named }) => named)
          .map(({ tool }) => `${tool.id} ${row.value}`),
      ),
    ).toEqual([])
  })

  it('name the administrator’s tool where it ran', () => {
    const ran = rows.filter(
      ({ reading, field }) => reading?.startsWith('admin-tool') && (field === 'Image' || field === 'NewProcessName'),
    )
    expect(ran.length).toBeGreaterThan(5)
    for (const row of ran) expect(identify(observe(row)).map(({ tool }) => tool.id)).toContain('psexec')
  })
})

type Row = Readonly<Record<string, string | undefined>>

function readRows(text: string): Row[] {
  const [head = '', ...lines] = text.split(/\r?\n/).filter((line) => line !== '')
  const names = head.split('\t')
  return lines.map((line) => Object.fromEntries(line.split('\t').map((cell, index) => [names[index], unquote(cell)])))
}

function unquote(cell: string): string {
  return cell.startsWith('"') && cell.endsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell
}

/** Class by event id, and column by field. */
const CLASSES: Readonly<Record<string, string>> = {
  '1': 'process',
  '4688': 'process',
  '4689': 'process',
  '5': 'process',
  '7': 'module',
  '10': 'process_access',
  '11': 'file',
  '23': 'file',
  '5145': 'file',
  '4656': 'file',
  '4663': 'file',
  '4674': 'file',
  '12': 'registry',
  '13': 'registry',
  '17': 'pipe',
  '18': 'pipe',
  '22': 'dns',
  '7045': 'service',
  '7036': 'service',
  '4697': 'service',
}
const COLUMNS: Readonly<Record<string, keyof Observation>> = {
  Image: 'process_file_path',
  NewProcessName: 'process_file_path',
  ProcessName: 'process_file_path',
  SourceImage: 'process_file_path',
  ParentImage: 'parent_process_file_path',
  ParentProcessName: 'parent_process_file_path',
  TargetImage: 'target_process_file_path',
  OriginalFileName: 'process_file_original_name',
  Product: 'process_file_product',
  Company: 'process_file_company',
  ImageLoaded: 'module_file_path',
  TargetFilename: 'file_path',
  RelativeTargetName: 'file_path',
  ObjectName: 'file_path',
  TargetObject: 'reg_target',
  PipeName: 'pipe_name',
  ServiceName: 'service_name',
  param1: 'service_name',
  ImagePath: 'service_file_path',
  ServiceFileName: 'service_file_path',
  QueryName: 'query_hostname',
  FilterName: 'product_name',
}

function observe(row: Row): Observation {
  const id = row.event_id ?? ''
  const asked = ['5145', '4656', '4663', '4674'].includes(id)
  const observation: Record<string, string> = {
    class: CLASSES[id] ?? 'other',
    activity: asked ? 'access' : 'other',
    log_provider: row.provider ?? '',
  }
  const fields: [string, string][] =
    row.field === 'json'
      ? [...(row.value ?? '').matchAll(/"(\w+)":"((?:[^"\\]|\\.)*)"/g)].map(([, name, value]) => [
          name ?? '',
          (value ?? '').replaceAll('\\\\', '\\'),
        ])
      : [[row.field ?? '', row.value ?? '']]
  for (const [name, value] of fields) {
    const column = COLUMNS[name]
    if (column) observation[column] = value
  }
  return observation as unknown as Observation
}
