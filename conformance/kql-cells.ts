import { parseDatetime, parseTimespan } from '../src/ir/time.js'
import type { ScalarType } from '../src/ir/types.js'
import { type Dynamic, isArray, isBag, parseDynamic } from '../src/ir/value.js'

/** A value of ours as plain data: what `CompiledQuery.read` gives, with dynamics as their JSON text. */
export type Cell = string | number | boolean | null

/** Whether a printed cell of the documentation shows our value. Print differs in quotes, line breaks and the number of digits. */
export function sameCell(printed: string, value: Cell, type: ScalarType): boolean {
  const text = plain(printed)
  if (value === null || value === '')
    return text === '' || /^\(?null\)?$/i.test(text) || (type === 'dynamic' && text === '""')
  switch (type) {
    case 'bool':
      return /^(true|1)$/i.test(text) === value && /^(true|false|0|1)$/i.test(text)
    case 'int':
    case 'long':
    case 'real':
    case 'decimal':
      return sameNumber(text, Number(value)) || text === String(value)
    case 'datetime':
      return sameTime(text, String(value))
    case 'timespan':
      return text === value || parseTimespan(text) === parseTimespan(String(value))
    case 'dynamic':
      return sameDynamic(text, String(value))
    case 'guid':
    case 'string':
      return sameText(text, String(value))
  }
}

/** Cells are Markdown: code marks, line breaks and escapes are not part of the value. */
const plain = (printed: string): string =>
  printed
    .replace(/<br\s*\/?>/g, '\n')
    .replace(/&nbsp;|\u00a0/g, ' ')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/\\([_|*[\]<>])/g, '$1')
    .trim()
    .replace(/^`+(.*?)`+$/s, '$1')
    .trim()

const sameText = (printed: string, value: string): boolean =>
  printed === value.trim() ||
  squeeze(printed) === squeeze(value) ||
  printed.replace(/^(["'])(.*)\1$/s, '$2') === value ||
  sameJson(printed, value)

const squeeze = (text: string): string => text.replace(/\s+/g, ' ').trim()

const sameJson = (printed: string, value: string): boolean => /^[[{]/.test(printed) && sameDynamic(printed, value)

/** As many digits as are printed. */
export function sameNumber(printed: string, value: number): boolean {
  const text = printed.replace(/,/g, '').replace(/^\+/, '')
  if (/^nan$/i.test(text)) return Number.isNaN(value)
  if (/^(\+?inf(inity)?|∞)$/i.test(text)) return value === Infinity
  if (/^-(inf(inity)?|∞)$/i.test(text)) return value === -Infinity
  if (!/^-?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text)) return false
  const wanted = Number(text)
  const digits = /\.(\d*)/.exec(text)?.[1]?.length ?? 0
  const half = /e/i.test(text) ? 0 : digits === 0 ? 0 : 1.01 * 10 ** -digits
  return Math.abs(wanted - value) <= Math.max(half, Math.abs(wanted) * 1e-9)
}

function sameTime(printed: string, value: string): boolean {
  const [left, right] = [parseDatetime(printed), parseDatetime(value)]
  if (left === undefined || right === undefined) return printed === value
  // The documentation cuts fractions of a second where it likes.
  const fraction = /\.(\d+)/.exec(printed)?.[1]?.length ?? 0
  const unit = 10n ** BigInt(7 - Math.min(7, fraction))
  return left / unit === right / unit
}

function sameDynamic(printed: string, value: string): boolean {
  const ours = parseDynamic(value)
  const theirs =
    parseDynamic(printed) ??
    parseDynamic(relaxed(printed)) ??
    (value.startsWith('[') ? parseDynamic(`[${printed}]`) : undefined)
  if (ours === undefined) return printed === value
  if (theirs === undefined)
    return typeof ours === 'string'
      ? sameText(printed, ours)
      : squeeze(printed).replace(/\s/g, '') === value.replace(/\s/g, '')
  return sameValue(theirs, ours) || (typeof ours === 'string' && sameText(printed, ours))
}

/** Single quotes, bare words, commas at the end and lists that are left out, as some pages write JSON. */
const relaxed = (printed: string): string =>
  printed
    .replace(/\[\s*\.{3}[\s.]*\]/g, `["${LEFT_OUT}"]`)
    .replace(/'/g, '"')
    .replace(/([[,{]\s*)([A-Za-z][\w ]*)(?=\s*[\],}])/g, (_all, before: string, word: string) =>
      /^(true|false|null)$/i.test(word) ? `${before}${word.toLowerCase()}` : `${before}"${word}"`,
    )
    .replace(/,(\s*[\]}])/g, '$1')
    .replace(/\bNaN\b/g, '"NaN"')

/** Stands in a list for what a page prints as `[ ... ]`: any list of one item or more. */
const LEFT_OUT = '...'

function sameValue(theirs: Dynamic, ours: Dynamic): boolean {
  if (isArray(theirs) && theirs.length === 1 && theirs[0] === LEFT_OUT) return isArray(ours) && ours.length > 0
  if (isArray(theirs) && isArray(ours))
    return theirs.length === ours.length && theirs.every((each, index) => sameValue(each, ours[index]!))
  if (isBag(theirs) && isBag(ours))
    return (
      theirs.size === ours.size && [...theirs].every(([key, each]) => ours.has(key) && sameValue(each, ours.get(key)!))
    )
  if (isNumber(theirs) && isNumber(ours)) return sameNumber(String(theirs), Number(ours))
  if (isNumber(ours) && typeof theirs === 'string') return sameNumber(theirs, Number(ours))
  if (isNumber(theirs) && typeof ours === 'string') return sameNumber(ours, Number(theirs))
  if (typeof theirs === 'string' && typeof ours === 'string')
    return theirs === ours || (parseDatetime(theirs) !== undefined && sameTime(theirs, ours)) || sameJson(theirs, ours)
  return theirs === ours
}

const isNumber = (value: Dynamic): value is number | bigint => typeof value === 'number' || typeof value === 'bigint'
