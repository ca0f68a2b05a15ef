import { describe, expect, it } from 'vitest'
import { answer, lowered } from './fixtures/kql-engines.js'

// `evaluate` plugins on every engine, over the logons of a few people in the first days of 2024 (day 1 is a Monday).
const LOGONS = `let Logons = datatable(who:string, day:long, site:string) [
  "ann", 1, "A", "bob", 1, "A", "ann", 2, "B", "cat", 2, "A", "ann", 2, "A", "bob", 4, "A", "dan", 4, "B"]
  | project who, at = datetime(2023-12-31) + day * 1d + 8h, site;
`
const RANGE = 'datetime(2024-01-01), datetime(2024-01-04 23:00)'
const logons = (plugin: string, after = ''): Promise<readonly string[]> =>
  answer(`${LOGONS}Logons | evaluate ${plugin} ${after}`)
const day = (number: number): string => `2024-01-0${number}T00:00:00.0000000Z`

describe('plugins of activity', () => {
  it('count those of each period, with new ones and all so far', async () => {
    expect(await logons(`activity_counts_metrics(who, at, ${RANGE}, 1d)`)).toEqual([
      `${day(1)} | 2 | 2 | 2 | 2`,
      `${day(2)} | 3 | 2 | 1 | 3`,
      `${day(3)} | 0 | 0 | 0 | 3`,
      `${day(4)} | 2 | 2 | 1 | 4`,
    ])
  })

  it('measure each period against the one before it', async () => {
    expect(await logons(`activity_metrics(who, at, ${RANGE}, 1d)`, '| where dcount_values > 0')).toEqual([
      `${day(1)} | 2 | 2 | NaN | NaN`,
      `${day(2)} | 2 | 1 | 0.5 | 0.5`,
      `${day(4)} | 2 | 2 | NaN | NaN`,
    ])
  })

  it('slice by further columns', async () => {
    const found = await logons(
      `activity_counts_metrics(who, at, ${RANGE}, 1d, site)`,
      '| where ["count"] > 0 and site == "B"',
    )
    expect(found).toEqual([`${day(2)} | B | 1 | 1 | 1 | 1`, `${day(4)} | B | 1 | 1 | 1 | 2`])
  })

  it('follow the new ones of each period', async () => {
    const found = await logons(`new_activity_metrics(who, at, ${RANGE}, 1d, datetime(2024-01-01))`)
    expect(found).toEqual([
      `${day(1)} | ${day(1)} | 2 | 2 | 0 | 1.0 | 0.0`,
      `${day(1)} | ${day(2)} | 1 | 1 | 1 | 0.5 | 0.5`,
      `${day(1)} | ${day(3)} | 0 | 0 | 2 | 0.0 | 1.0`,
      `${day(1)} | ${day(4)} | 1 | 1 | 1 | 0.5 | 0.5`,
    ])
    const known = 'let Known = datatable(who:string) ["ann"];\n'
    expect(
      await answer(
        `${known}${LOGONS}Logons | evaluate new_activity_metrics(who, at, ${RANGE}, 1d, datetime(2024-01-01), Known) | take 1`,
      ),
    ).toEqual([`${day(1)} | ${day(1)} | 1 | 1 | 0 | 1.0 | 0.0`])
  })

  it('look back over a window', async () => {
    expect(await logons(`sliding_window_counts(who, at, ${RANGE}, 2d, 1d)`)).toEqual([
      `${day(1)} | 2 | 2`,
      `${day(2)} | 5 | 3`,
      `${day(3)} | 3 | 2`,
      `${day(4)} | 2 | 2`,
    ])
    expect(await logons(`active_users_count(who, at, ${RANGE}, 3d, 1d, 2, 1d)`)).toEqual([`${day(2)} | 1`])
    expect(await logons(`session_count(who, at, ${RANGE}, 1d, 2d)`)).toEqual([
      `${day(1)} | 2`,
      `${day(2)} | 1`,
      `${day(4)} | 2`,
    ])
    expect(await logons(`activity_engagement(who, at, ${RANGE}, 1d, 2d)`, '| project at, activity_ratio')).toEqual([
      `${day(1)} | 1.0`,
      `${day(2)} | ${2 / 3}`,
      `${day(3)} | 0.0`,
      `${day(4)} | 1.0`,
    ])
  })

  it('take periods of the calendar', async () => {
    const found = await logons('activity_counts_metrics(who, at, datetime(2023-12-31), datetime(2024-01-06), "week")')
    expect(found).toEqual(['2023-12-31T00:00:00.0000000Z | 7 | 4 | 4 | 4'])
  })

  it('refuse a step that never ends', async () => {
    await expect(logons(`activity_counts_metrics(who, at, ${RANGE}, 0d)`)).rejects.toThrow('not above zero')
    await expect(logons(`activity_counts_metrics(who, at, ${RANGE}, 1tick)`)).rejects.toThrow('periods')
  })
})

describe('plugins of sequences and neighbours', () => {
  it('finds rows for each step in turn', async () => {
    const found = await logons('sequence_detect(at, 3d, 3d, start = (site == "A"), then = (site == "B"), who)')
    expect(found).toEqual([
      'ann | 2024-01-01T08:00:00.0000000Z | 2024-01-02T08:00:00.0000000Z | 1.00:00:00',
      'ann | 2024-01-02T08:00:00.0000000Z | 2024-01-02T08:00:00.0000000Z | 00:00:00',
    ])
  })

  it('counts how far along a sequence each gets', async () => {
    const rows = `datatable(who:string, n:long, state:string) ["a",1,"x", "a",2,"y", "a",9,"z", "b",1,"y", "b",2,"x", "c",3,"x", "c",5,"y", "c",6,"z"]
      | project who, at = datetime(2024-01-01) + n * 1h, state`
    expect(
      await answer(
        `${rows} | evaluate funnel_sequence_completion(who, at, datetime(2024-01-01), datetime(2024-01-02), 1d, state, dynamic(["x", "y", "z"]), dynamic(["04:00:00", "1.00:00:00"])) | project Period, state, dcount`,
      ),
    ).toEqual([
      '04:00:00 | x | 3',
      '04:00:00 | y | 2',
      '04:00:00 | z | 1',
      '1.00:00:00 | x | 3',
      '1.00:00:00 | y | 2',
      '1.00:00:00 | z | 2',
    ])
  })

  it('keeps rows near those that meet a condition', async () => {
    const near = (args: string): string =>
      `range n from 1 to 9 step 1 | sort by n asc | evaluate rows_near(n in (2, 7), ${args})`
    expect(await answer(near('1'))).toEqual(['1', '2', '3', '6', '7', '8'])
    expect(await answer(near('0, 2'))).toEqual(['2', '3', '4', '7', '8', '9'])
  })

  it('merges schemas', async () => {
    const merge = (args: string): string =>
      `let one = datatable(a:string, n:int)[] | getschema; let two = datatable(a:string, b:string, n:long)[] | getschema; union one, two | evaluate schema_merge(${args})`
    expect(await answer(merge('PreserveOrder = false'))).toEqual([
      'a | 0 | System.String | string',
      'b | 1 | System.String | string',
      'n | 2 | System.Int64 | long',
    ])
    expect(await answer(`${merge('')} | where ColumnOrdinal < 0 | project ColumnName`)).toEqual(['n'])
  })

  it('counts what sets share', async () => {
    const query =
      'range x from 1 to 30 step 1 | summarize a = hll(x % 10), b = hll(x % 4) | evaluate dcount_intersect(a, b)'
    expect(await answer(`${query} | project s0, s1`)).toEqual(['10 | 4'])
  })

  it('refuses what it does not know by name', () => {
    expect(() => lowered('print x = 1 | evaluate autocluster()')).toThrow('autocluster')
    expect(() => lowered('print x = 1 | evaluate python(typeof(*), "x")')).toThrow('python')
  })
})
