import { headText } from './encoding.js'
import type { FormatName } from './record.js'

/** What the first bytes of a source look like. */
export type Sniffed =
  | { readonly format: FormatName }
  /** No telemetry; `looks` names it as a person would. */
  | { readonly format: undefined; readonly looks: string }

/** How many bytes `sniff` wants to see, where there are as many. */
export const SNIFF_LENGTH = 8192

/** Tells the format by content. An empty head is an empty source. */
export function sniff(head: Uint8Array): Sniffed {
  if (head.length === 0) return { format: undefined, looks: 'nothing' }
  if (startsWith(head, 'ElfFile\0') || startsWith(head, 'ElfChnk\0', 4096) || startsWith(head, 'ElfChnk\0'))
    return { format: 'evtx' }
  for (const [magic, looks] of MAGICS) if (startsWith(head, magic)) return { format: undefined, looks }
  const text = headText(head).trimStart()
  if (text === '') return { format: undefined, looks: 'nothing but blanks' }
  if (/^\{\s*("|\}|$)/.test(text) || /^\[\s*([{[\]]|$)/.test(text)) return { format: 'json' }
  if (/^<(\?xml|!--|(\w+:)?Events?[\s/>])/.test(text)) return { format: 'xml' }
  if (/^</.test(text)) return { format: undefined, looks: 'markup that is no event log' }
  if (isBinary(text)) return { format: undefined, looks: 'binary data' }
  if (text.startsWith('#separator ') || /^#(fields|path)\t/m.test(text))
    return { format: undefined, looks: 'a Zeek log' }
  return looksLikeCsv(text) ? { format: 'csv' } : { format: undefined, looks: 'plain text' }
}

/** The delimiter that splits a header line into most cells; undefined where none splits it into two. */
export function delimiterOf(header: string): string | undefined {
  let best: string | undefined
  let most = 1
  for (const delimiter of [',', ';', '\t', '|']) {
    const count = splitHeader(header, delimiter).length
    if (count > most) {
      most = count
      best = delimiter
    }
  }
  return best
}

/** Cells of a header line; quotes are taken off. */
export function splitHeader(header: string, delimiter: string): string[] {
  const cells: string[] = []
  for (const match of header.matchAll(CELLS[delimiter]!)) {
    cells.push((match[1] === undefined ? (match[2] ?? '') : match[1].replaceAll('""', '"')).trim())
    if (match[3] === '') break
  }
  return cells
}

function looksLikeCsv(text: string): boolean {
  const end = text.search(/[\r\n]/)
  const header = end < 0 ? text : text.slice(0, end)
  const delimiter = delimiterOf(header)
  if (delimiter === undefined) return false
  const cells = splitHeader(header, delimiter)
  // Names of columns are short, differ, and hold no sentence.
  return (
    new Set(cells).size === cells.length &&
    cells.every(
      (cell) => /^[\p{L}_@$][\p{L}\p{N}_@$ .:()/[\]#+-]{0,79}(?<!\.)$/u.test(cell) && cell.split(' ').length <= 3,
    )
  )
}

function isBinary(text: string): boolean {
  const head = text.slice(0, 2048)
  let odd = 0
  for (let index = 0; index < head.length; index++) {
    const code = head.charCodeAt(index)
    if (code === 0) return true
    if (code === 0xfffd || (code < 32 && code !== 9 && code !== 10 && code !== 13 && code !== 12 && code !== 27)) odd++
  }
  return odd * 10 > head.length
}

function startsWith(head: Uint8Array, magic: string, at = 0): boolean {
  if (head.length < at + magic.length) return false
  for (let index = 0; index < magic.length; index++) if (head[at + index] !== magic.charCodeAt(index)) return false
  return true
}

const MAGICS: readonly (readonly [string, string])[] = [
  ['\xd4\xc3\xb2\xa1', 'a network capture (pcap)'],
  ['\xa1\xb2\xc3\xd4', 'a network capture (pcap)'],
  ['\x4d\x3c\xb2\xa1', 'a network capture (pcap)'],
  ['\x0a\x0d\x0d\x0a', 'a network capture (pcapng)'],
  ['LfLe', 'an event log of Windows before Vista (evt)'],
  ['\x30\0\0\0LfLe', 'an event log of Windows before Vista (evt)'],
  ['7z\xbc\xaf\x27\x1c', 'a 7-Zip archive'],
  ['Rar!\x1a\x07', 'a RAR archive'],
  ['\xfd7zXZ\0', 'an xz archive'],
  ['BZh', 'a bzip2 archive'],
  ['\x28\xb5\x2f\xfd', 'a Zstandard archive'],
  ['\x04\x22\x4d\x18', 'an LZ4 archive'],
  ['MSCF', 'a cabinet archive'],
  ['PAR1', 'a Parquet file'],
  ['Obj\x01', 'an Avro file'],
  ['SQLite format 3\0', 'an SQLite database'],
  ['MZ', 'a Windows program'],
  ['\x7fELF', 'a Unix program'],
  ['%PDF', 'a PDF document'],
  ['\x89PNG', 'a picture'],
  ['\xff\xd8\xff', 'a picture'],
  ['regf', 'a registry hive'],
  ['DUCK', 'a DuckDB database'],
]

/** A cell (quoted or not) and what follows it, by delimiter. */
const CELLS: Readonly<Record<string, RegExp>> = Object.fromEntries(
  [',', ';', '\t', '|'].map((delimiter) => [
    delimiter,
    new RegExp(`(?:"((?:[^"]|"")*)"|([^${delimiter}"]*))(${delimiter === '|' ? '\\|' : delimiter}|$)`, 'gy'),
  ]),
)
