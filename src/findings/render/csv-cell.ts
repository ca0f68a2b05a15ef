import { visible } from '../../text/visible.js'

/**
 * One record of a CSV as RFC 4180 has it. A cell that a spreadsheet would take for a formula starts with an apostrophe, and control
 * characters are written as code points, so that a record is always one line.
 */
export const csvRecord = (cells: readonly (string | number | null)[]): string => `${cells.map(csvCell).join(',')}\r\n`

function csvCell(value: string | number | null): string {
  if (value === null) return ''
  if (typeof value === 'number') return String(value)
  const text = visible(value)
  return quote(FORMULA.test(text) ? `'${text}` : text)
}

// Spreadsheets also take the full-width forms, and look past spaces.
const FORMULA = /^\s*[=+\-@＝＋－＠]/

const quote = (text: string): string => (/[",]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
