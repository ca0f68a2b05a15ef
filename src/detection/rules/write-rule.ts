import { stringify } from 'yaml'
import { type FileRule, parseRuleFile, type RuleFile } from './rule-file.js'

/**
 * The text of a rule file with the query of one rule replaced. Nothing else changes: comments, order, quoting and line ends stay as
 * their author wrote them, and a query that is the same gives the file byte for byte. A file that had to be repaired to be read is
 * refused, because what would be written back is not what is there. Throws where the result would not read back as asked.
 */
export function writeQuery(file: RuleFile, which: FileRule, query: string): string {
  if (query === which.rule.query) return file.text
  if (file.diagnostics.some(({ code }) => code === 'rule-repaired' || code === 'rule-not-read'))
    throw new Error(`${file.path} had to be repaired to be read; it is not written over`)
  const { start, end, style } = which.queryNode
  const index = file.rules.indexOf(which)
  const text = file.text.slice(0, start) + rendered(file.text, start, end, style, query) + file.text.slice(end)
  const again = parseRuleFile(file.path, text).rules[index]
  if (again?.rule.query !== query) throw new Error(`this query cannot be written into ${file.path} as it is`)
  return text
}

function rendered(text: string, start: number, end: number, style: string, query: string): string {
  const newline = text.includes('\r\n') ? '\r\n' : '\n'
  if (style === 'FILE') return query
  if (style === 'QUOTE_DOUBLE') return JSON.stringify(query)
  const line = text.slice(text.lastIndexOf('\n', start) + 1, start)
  const parent = /^[ -]*/.exec(line)![0].length
  const old = style === 'BLOCK_LITERAL' ? /\n( +)\S/.exec(text.slice(start, end))?.[1]?.length : undefined
  const indent = ' '.repeat(old ?? parent + 2)
  if (/[\u0000-\u0008\u000b-\u001f\u007f]|\r/.test(query) || /^[ \t]/.test(query)) return JSON.stringify(query)
  if (style !== 'BLOCK_LITERAL' && !query.includes('\n')) return stringify(query, { lineWidth: 0 }).trimEnd()
  const chomp = query.endsWith('\n\n') ? '+' : query.endsWith('\n') ? '' : '-'
  const lines = query.replace(/\n$/, '').split('\n')
  return `|${chomp}${newline}${lines.map((each) => (each === '' ? '' : indent + each)).join(newline)}${newline}`
}
