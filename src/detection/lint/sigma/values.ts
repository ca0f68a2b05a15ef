import {
  type DetectionItem,
  parsePattern,
  type SearchBody,
  type SigmaFilter,
  type SigmaRule,
  type SigmaValue,
} from '../../../dialects/sigma/index.js'
import { closestName } from '../../../text/closest-name.js'
import { type Diagnostic, diagnose } from '../../../text/diagnostic.js'
import { resolveLogSource } from '../../sigma/sources.js'
import { isWholeField } from '../../sigma/tables.js'
import { sigmaFacts } from './facts.js'

/** Values and fields of a detection that cannot be what was meant. */
export function lintValues(document: SigmaRule | SigmaFilter): readonly Diagnostic[] {
  const source = resolveLogSource(document.logsource)
  const fields = new Set(source.entries.flatMap((each) => each.fields))
  const context: Context = {
    isWindows: document.logsource.product?.toLowerCase() === 'windows',
    isWhole: (field) => isWholeField(source, field),
    isList: (field) => source.entries.some(({ lists }) => lists.has(field)),
    closestField: (field) => (fields.size === 0 || fields.has(field) ? undefined : nearField(field, fields)),
  }
  return document.detection.searches.flatMap(({ body }) => lintBody(body, context))
}

interface Context {
  readonly isWindows: boolean
  readonly isWhole: (field: string) => boolean
  readonly isList: (field: string) => boolean
  readonly closestField: (field: string) => string | undefined
}

/** A slip of the pen is near, and no other field of the log. */
function nearField(field: string, known: ReadonlySet<string>): string | undefined {
  if (field.length < 5) return undefined
  const folded = [...known].find((each) => each.toLowerCase() === field.toLowerCase())
  if (folded !== undefined) return folded
  const closest = closestName(field, known)
  if (closest === undefined || Math.abs(closest.length - field.length) > 1) return undefined
  // Numbers and beginnings tell fields apart: `param1`, `ParentUser`.
  if (closest.replace(/\d/g, '') === field.replace(/\d/g, '')) return undefined
  return differsByOneSlip(field, closest) ? closest : undefined
}

/** One letter more, less or other, or two that changed places. */
function differsByOneSlip(left: string, right: string): boolean {
  let start = 0
  while (start < Math.min(left.length, right.length) && left[start] === right[start]) start++
  let end = 0
  while (end < Math.min(left.length, right.length) - start && left.at(-1 - end) === right.at(-1 - end)) end++
  const [a, b] = [left.slice(start, left.length - end), right.slice(start, right.length - end)]
  return (a.length <= 1 && b.length <= 1) || (a.length === 2 && b.length === 2 && a[0] === b[1] && a[1] === b[0])
}

function lintBody(body: SearchBody, context: Context): readonly Diagnostic[] {
  switch (body.kind) {
    case 'list':
      return body.items.flatMap((each) => lintBody(each, context))
    case 'map':
      return body.items.flatMap((item) => lintItem(item, context))
    case 'keyword':
      return lintControl(body.value)
  }
}

function lintItem(item: DetectionItem, context: Context): readonly Diagnostic[] {
  const { field, span, values } = item
  const names = new Set(item.modifiers.map(({ name }) => name))
  const found: Diagnostic[] = []
  const closest = field === undefined ? undefined : context.closestField(field)
  if (closest !== undefined) found.push(diagnose('sigma-field', span, { field: field!, closest }))
  found.push(...lintModifiers(item, names), ...lintRepeated(item, names))
  if (names.has('re') || names.has('cidr') || names.has('fieldref') || names.has('exists')) return found
  found.push(...values.flatMap(lintControl))
  if (field === undefined) return found
  if (context.isWindows && sigmaFacts().paths.includes(field))
    found.push(...values.flatMap((value) => lintPath(value, names)))
  if (context.isWhole(field) && names.size === 0) found.push(...values.flatMap(lintWhole))
  if (!context.isList(field)) found.push(...lintAll(item, names))
  return found
}

function lintModifiers({ modifiers, values }: DetectionItem, names: ReadonlySet<string>): readonly Diagnostic[] {
  const place = (name: string) => modifiers.find((each) => each.name === name)!.span
  const found: Diagnostic[] = []
  for (const [index, { name, span }] of modifiers.entries())
    if (modifiers.findIndex((each) => each.name === name) < index)
      found.push(diagnose('modifier-in-vain', span, { modifier: name, why: 'it stands there twice' }))
  const bounded = names.has('contains') || names.has('startswith') || names.has('endswith')
  if (names.has('base64offset') && !bounded)
    found.push(
      diagnose('modifier-in-vain', place('base64offset'), {
        modifier: 'base64offset',
        why: 'without `contains` the whole value must be the encoded text alone, wherever it begins',
      }),
    )
  const texts = values.map(({ source }) => source)
  if (names.has('windash') && texts.every((text) => !/[-/]/.test(text)))
    found.push(diagnose('modifier-in-vain', place('windash'), { modifier: 'windash', why: 'no value has a dash' }))
  if (names.has('expand') && texts.every((text) => !/%\w+%/.test(text)))
    found.push(
      diagnose('modifier-in-vain', place('expand'), { modifier: 'expand', why: 'no value has a `%placeholder%`' }),
    )
  if (names.has('all') && values.length < 2)
    found.push(diagnose('modifier-in-vain', place('all'), { modifier: 'all', why: 'there is one value' }))
  return found
}

function lintRepeated({ values }: DetectionItem, names: ReadonlySet<string>): readonly Diagnostic[] {
  const seen = new Set<string>()
  const exact = names.has('re') || names.has('cased') || names.has('base64') || names.has('base64offset')
  return values.flatMap(({ source, value, span }) => {
    const key = `${typeof value} ${exact ? source : source.toLowerCase()}`
    if (!seen.has(key)) {
      seen.add(key)
      return []
    }
    return [diagnose('value-twice', span, { value: source.slice(0, 60) })]
  })
}

/** In double quotes YAML reads a backslash as the beginning of an escape: `"C:\temp"` holds a tab. */
function lintControl({ value, span }: SigmaValue): readonly Diagnostic[] {
  const found = typeof value === 'string' ? /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]|\t(?=\w)/.exec(value) : null
  if (!found) return []
  const name = `U+${found[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`
  return [diagnose('control-character', span, { name })]
}

function lintPath({ value, source, span }: SigmaValue, names: ReadonlySet<string>): readonly Diagnostic[] {
  if (typeof value !== 'string' || names.has('expand')) return []
  const never = (why: string) => [diagnose('needle-never-matches', span, { needle: source.slice(0, 80), why })]
  const pattern = parsePattern(value)
  if (pattern.some((part) => part.kind === 'text' && /[*?]/.test(part.text)))
    return never(
      'no path of Windows holds `*` or `?`, and a backslash before one makes it no wildcard (`\\\\*` is a backslash and a wildcard)',
    )
  const [first, ...more] = pattern
  if (names.has('contains') || names.has('endswith') || first?.kind !== 'text') return []
  const bare = /^[\w.-]+\.(?:exe|dll|sys|com|scr)$/i
  if (more.length === 0 && bare.test(first.text))
    return never('the field holds the whole path, and this is a name alone')
  return []
}

function lintWhole({ value, source, span }: SigmaValue): readonly Diagnostic[] {
  if (typeof value !== 'string' || value === '' || /[*?]/.test(value) || /^-?\d+$/.test(value)) return []
  return [diagnose('needle-never-matches', span, { needle: source.slice(0, 80), why: 'the field holds whole numbers' })]
}

/** Different texts that one value would have to equal, or to begin or end with, at once. */
function lintAll({ values, modifiers }: DetectionItem, names: ReadonlySet<string>): readonly Diagnostic[] {
  if (!names.has('all') || [...names].some((name) => !['all', 'cased', 'startswith', 'endswith'].includes(name)))
    return []
  const texts = values.map(({ source }) => source.toLowerCase())
  if (values.some(({ value }) => typeof value === 'string' && /[*?]/.test(value))) return []
  const fits = (left: string, right: string): boolean => {
    if (names.has('startswith')) return left.startsWith(right) || right.startsWith(left)
    if (names.has('endswith')) return left.endsWith(right) || right.endsWith(left)
    return left === right
  }
  const [first] = texts
  if (first === undefined || texts.every((text) => fits(text, first))) return []
  const { span } = modifiers.find(({ name }) => name === 'all')!
  return [
    diagnose('modifier-in-vain', span, { modifier: 'all', why: 'no value can be all of these; `contains` is missing' }),
  ]
}
