import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Watchlist, Watchlists } from '../ir/schema.js'
import { column } from '../ir/types.js'

/** A file of a watchlist folder that cannot be read as one. */
export class WatchlistError extends Error {
  override readonly name = 'WatchlistError'
}

/** The largest watchlist, in bytes; its rows become part of the query. */
const LARGEST = 8_000_000

/**
 * Watchlists from a folder of CSV files: `vips.csv` is `_GetWatchlist('vips')`. Every column is text, as in the service; `SearchKey` is the
 * first column where the file has none of that name. Throws `WatchlistError` for a file that is no such table.
 */
export function readWatchlists(folder: string): Watchlists {
  const found = new Map<string, Watchlist>()
  for (const file of readdirSync(folder).sort()) {
    if (!/\.csv$/i.test(file)) continue
    const path = join(folder, file)
    const { size } = statSync(path)
    if (size > LARGEST) throw new WatchlistError(`${path} has ${size} bytes; a watchlist may have ${LARGEST}`)
    const name = file.replace(/\.csv$/i, '')
    found.set(name.toLowerCase(), { name, ...readWatchlist(path, readFileSync(path, 'utf8')) })
  }
  return found
}

export function readWatchlist(path: string, text: string): Omit<Watchlist, 'name'> {
  const [head, ...rows] = readCsv(path, text.replace(/^\uFEFF/, ''))
  if (head === undefined) throw new WatchlistError(`${path} is empty`)
  const names = head.map((name) => name.trim())
  const twice = names.find((name, index) => name === '' || names.indexOf(name) !== index)
  if (twice !== undefined)
    throw new WatchlistError(`${path} has ${twice === '' ? 'a column without a name' : `the column ${twice} twice`}`)
  const keyed = names.includes('SearchKey')
  return {
    columns: [...(keyed ? [] : ['SearchKey']), ...names].map((name) => column(name, 'string')),
    rows: rows.map((row, index) => {
      if (row.length !== names.length)
        throw new WatchlistError(`${path}: row ${index + 1} has ${row.length} values for ${names.length} columns`)
      return keyed ? row : [row[0]!, ...row]
    }),
  }
}

/** Rows of a CSV text (RFC 4180); empty lines are none. */
function readCsv(path: string, text: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  let at = 0
  while (at < text.length) {
    let value: string
    if (text[at] === '"') {
      const end = closingQuote(text, at + 1)
      if (end < 0) throw new WatchlistError(`${path} has a quote that does not end`)
      value = text.slice(at + 1, end).replaceAll('""', '"')
      at = end + 1
    } else {
      CELL.lastIndex = at
      value = CELL.exec(text)![0]
      at += value.length
    }
    row.push(value)
    if (text[at] === ',') {
      at++
      if (at < text.length && !/[\r\n]/.test(text[at]!)) continue
      row.push('')
    } else if (at < text.length && !/[\r\n]/.test(text[at]!))
      throw new WatchlistError(`${path} has text after a closing quote in row ${rows.length}`)
    if (text.startsWith('\r\n', at)) at += 2
    else if (at < text.length) at++
    if (row.length > 1 || row[0] !== '') rows.push(row)
    row = []
  }
  return rows
}

const CELL = /[^,\r\n]*/y

function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 2)) if (text[at + 1] !== '"') return at
  return -1
}
