import { describe, expect, it } from 'vitest'
import { type CompiledQuery, compileKql } from '../compile-query.js'
import { originsOf } from '../origins.js'
import { eventRow } from './event-row.js'
import { explainEvent } from './explain-event.js'
import { planWords } from './plan-words.js'
import { scalarWords, valueWords } from './scalar-words.js'

const AS_OF = Date.UTC(2026, 0, 31) * 1000

function compiled(text: string): CompiledQuery {
  const result = compileKql(text, { asOf: AS_OF })
  if (!result.ok) throw new Error(result.diagnostics.map(({ message }) => message).join('; '))
  return result
}

const plan = (text: string): string[] =>
  planWords(compiled(text).query).map(({ depth, text: line }) => '  '.repeat(depth) + line)

describe('a plan in words', () => {
  it('says case, terms, times and missing values', () => {
    expect(
      plan(
        'DeviceProcessEvents | where Timestamp > ago(1d) and FileName has "a.exe" and AccountName == "x"\n| where ProcessId == 4 or isempty(FolderPath) | extend A = FileName in~ ("b", "c") | project A, Name = FileName | take 3',
      ),
    ).toEqual([
      'reads DeviceProcessEvents',
      'keeps rows where all of these hold',
      '  Timestamp is after 2026-01-30T00:00:00Z; not where it is missing',
      '  FileName has "a.exe" as a whole term, any case',
      '  AccountName is "x", in this case',
      'keeps rows where ProcessId is 4 or FolderPath is empty',
      'adds A = FileName is one of "b", "c", any case',
      'shows A',
      'and Name = FileName',
      'takes the first 3 rows',
    ])
  })

  it('names the results of a summary as the query does', () => {
    expect(plan('DeviceProcessEvents | summarize First = min(Timestamp), count() by DeviceName')).toEqual([
      'reads DeviceProcessEvents',
      'makes one row for each DeviceName',
      '  First = min of Timestamp',
      '  count_ = count',
    ])
  })

  it('shows what is bound, joined and put together', () => {
    const lines = plan(
      'let A = DeviceProcessEvents | where FileName == "a"; A | join kind=leftanti (DeviceNetworkEvents) on DeviceId | union A',
    )
    expect(lines.filter((line) => !line.includes('keeps') && !line.includes('shows'))).toEqual([
      'A stands for',
      '  reads DeviceProcessEvents',
      'puts the rows of 2 queries together',
      '  takes the rows of A',
      '  joins (left anti) on DeviceId with',
      '    reads DeviceNetworkEvents',
      '  takes the rows of A',
    ])
  })
})

/** Clauses in words with their values, for an event of DeviceProcessEvents. */
function clauses(text: string, event: Record<string, unknown>): { judged: unknown[]; rows: number | undefined } {
  const query = compiled(text)
  const { table } = originsOf(query.query)[0]!
  const { row } = eventRow(table.columns, event)
  const { ways, result } = explainEvent(query, 'DeviceProcessEvents', table.columns, row)
  return { judged: ways[0]!.map(({ scalar, value }) => [scalarWords(scalar), value]), rows: result?.rows.length }
}

describe('an event', () => {
  it('is judged clause by clause, computed columns in terms of the table', () => {
    const query =
      'DeviceProcessEvents | extend Short = tolower(FileName) | project Short, DeviceName | where Short has "tool.exe" and DeviceName == "a"'
    expect(clauses(query, { FileName: 'TOOL.exe', DeviceName: 'a' })).toEqual({
      judged: [
        ['tolower(FileName) has "tool.exe" as a whole term, any case', true],
        ['DeviceName is "a", in this case', true],
      ],
      rows: 1,
    })
    expect(clauses(query, { filename: 'TOOL_x.exe', DeviceName: 'A' })).toMatchObject({
      judged: [
        [expect.anything(), false],
        [expect.anything(), false],
      ],
      rows: 0,
    })
  })

  it('has unknown answers where a value is missing', () => {
    expect(clauses('DeviceProcessEvents | where ProcessId > 4 and not(ProcessId > 4)', {})).toEqual({
      judged: [
        ['ProcessId is more than 4; not where it is missing', null],
        ['not (ProcessId is more than 4; not where it is missing)', null],
      ],
      rows: 0,
    })
  })

  it('is not judged by what needs other rows', () => {
    const { judged } = clauses(
      'DeviceProcessEvents | where DeviceName in ((DeviceNetworkEvents | distinct DeviceName)) | summarize N = count() by DeviceName | where N > 3',
      { DeviceName: 'a' },
    )
    expect(judged).toEqual([['DeviceName is one of the values of another query, in this case', undefined]])
  })

  it('tells names that the table does not have', () => {
    expect(eventRow([{ name: 'FileName', type: 'string' }], { FileNme: 1, FILENAME: 'x' })).toEqual({
      row: ['x'],
      unknown: [{ name: 'FileNme', closest: 'FileName' }],
    })
  })
})

it('a long value is cut, and a missing one is said', () => {
  expect(valueWords('x'.repeat(5000), 'string')).toHaveLength(120)
  expect(valueWords(null, 'long')).toBe('nothing')
})
