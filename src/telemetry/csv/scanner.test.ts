import { parse } from 'csv-parse/sync'
import { expect, it } from 'vitest'
import { CsvScanner } from './scanner.js'

it('finds the cells that csv-parse finds', () => {
  const cells = ['', 'a', '"', '"q,""\n"', '"é\r\n;"', 'b c', '""', '"x"', '7']
  let seed = 7
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff
    return (seed >> 8) % below
  }
  for (let round = 0; round < 2000; round++) {
    const rows = Array.from({ length: 1 + random(4) }, () =>
      Array.from({ length: 2 + random(3) }, () => cells[random(cells.length)]!),
    )
    const text = rows.map((row) => row.join(',')).join(random(2) ? '\n' : '\r\n') + (random(2) ? '\n' : '')
    let expected: string[][] | undefined
    try {
      expected = parse(text, { relax_column_count: true, record_delimiter: ['\r\n', '\n', '\r'] })
    } catch {
      expected = undefined
    }
    const bytes = Buffer.from(text)
    const scanner = new CsvScanner(44)
    const found: string[][] = []
    let at = 0
    while (at >= 0 && at < bytes.length) {
      at = scanner.row(bytes, at, bytes.length, true)
      if (at < 0) break
      found.push(
        Array.from({ length: scanner.count }, (_, index) => {
          const cell = bytes.toString('utf8', scanner.starts[index]!, scanner.ends[index]!)
          return scanner.doubled[index] ? cell.replaceAll('""', '"') : cell
        }),
      )
    }
    if (expected !== undefined) expect(found).toEqual(expected)
    else if (at >= 0) expect(text).toContain('"')
  }
})
