import { type SchemaFault, schemaFaults } from '../../../content/schema.js'
import { member, placeAt, type SigmaDocument } from '../../../dialects/sigma/index.js'
import { closestName } from '../../../text/closest-name.js'
import { type Diagnostic, diagnose } from '../../../text/diagnostic.js'
import type { Span } from '../../../text/span.js'
import { sigmaFacts } from './facts.js'

/** What is wrong with what a document says of itself: the specification's own schema, its dates, tags and log source. */
export function lintHeader(document: SigmaDocument): readonly Diagnostic[] {
  return [
    ...lintSchema(document),
    ...lintKeys(document),
    ...lintDates(document),
    ...lintTags(document),
    ...lintLogSource(document),
  ]
}

const SCHEMAS = { rule: 'sigma/detection-rule', correlation: 'sigma/correlation-rule', filter: 'sigma/filter' } as const

function lintSchema(document: SigmaDocument): readonly Diagnostic[] {
  return schemaFaults(SCHEMAS[document.kind], document.raw).flatMap((fault) => {
    const { path, keyword } = fault
    // Told as errors by who reads it, or by the lints below, with more to say.
    if (path[0] === 'tags' || (keyword === 'required' && path.length === 1)) return []
    if (document.kind === 'rule' && path.join('.') === 'detection.condition') return []
    // Any name may stand for a filter's search, whatever the schema says.
    if (document.kind === 'filter' && (path.join('.') === 'filter.rules' || path.join('.') === 'filter.selection'))
      return []
    if (document.kind === 'correlation' && path[0] === 'correlation' && path.length > 1) return []
    const { node, span } = placeAt(document.tree, path)
    const found = node?.kind === 'scalar' ? node.source : node?.kind === 'list' ? 'a list' : node ? 'a map' : undefined
    const closest = keyword === 'const' && found !== undefined ? closestName(found, fault.expected) : undefined
    return [
      diagnose('sigma-schema', span, {
        key: path.join('.'),
        found: found?.slice(0, 60),
        expected: expectedWords(fault),
        closest,
      }),
    ]
  })
}

function expectedWords({ path, keyword, expected }: SchemaFault): string {
  switch (keyword) {
    case 'const':
    case 'enum':
      return `one of ${expected.join(', ')}`
    case 'type':
      return TYPES[expected[0]!] ?? expected.join(' or ')
    case 'format':
      return 'a UUID'
    case 'pattern':
      return path[0] === 'date' || path[0] === 'modified' ? 'a date as 2025-01-31' : `what \`${expected[0]}\` matches`
    case 'uniqueItems':
      return 'each value once'
    case 'minLength':
      return `at least ${expected[0]} characters`
    case 'maxLength':
      return `at most ${expected[0]} characters`
    case 'minItems':
      return 'at least one value'
    case 'required':
      return 'it to be there'
    default:
      return `what the schema’s \`${keyword}\` asks for`
  }
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'a text',
  array: 'a list',
  object: 'a map',
  boolean: '`true` or `false`',
  integer: 'a whole number',
}

const KEYS = [
  ...['title', 'id', 'related', 'name', 'taxonomy', 'status', 'description', 'license', 'author', 'references', 'date'],
  ...['modified', 'logsource', 'detection', 'correlation', 'filter', 'fields', 'falsepositives', 'level', 'tags'],
  ...['scope', 'generate', 'action'],
]

/** A key of its own is allowed; one that is nearly a known one is a slip. */
function lintKeys({ tree, kind, level, id }: SigmaDocument): readonly Diagnostic[] {
  if (tree.kind !== 'map') return []
  const title = member(tree, 'title')?.keySpan ?? tree.span
  return [
    ...tree.entries.flatMap(({ key, keySpan }) => {
      const closest = KEYS.includes(key) ? undefined : closestName(key, KEYS)
      return closest === undefined ? [] : [diagnose('rule-unknown-key', keySpan, { key, closest })]
    }),
    ...(id === undefined && kind !== 'filter'
      ? [diagnose('sigma-without', title, { key: 'id', effect: 'a reference to it would break with its title' })]
      : []),
    ...(level === undefined && kind === 'rule'
      ? [diagnose('sigma-without', title, { key: 'level', effect: 'it counts as medium' })]
      : []),
  ]
}

function lintDates({ tree, date, modified }: SigmaDocument): readonly Diagnostic[] {
  const valid = (text: string | undefined): text is string => text !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(text)
  const place = (key: string): Span => member(tree, key)?.value.span ?? tree.span
  const found: Diagnostic[] = []
  if (valid(date) && valid(modified) && modified < date)
    found.push(diagnose('sigma-dates', place('modified'), { date, modified }))
  for (const [key, text] of [
    ['date', date],
    ['modified', modified],
  ] as const)
    if (valid(text) && !isDay(text))
      found.push(diagnose('sigma-schema', place(key), { key, found: text, expected: 'a day of the calendar' }))
  return found
}

function isDay(text: string): boolean {
  const time = Date.parse(`${text}T00:00:00Z`)
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text)
}

function lintTags({ tree, tags }: SigmaDocument): readonly Diagnostic[] {
  const value = member(tree, 'tags')?.value
  const items = value?.kind === 'list' ? value.items : []
  return tags.flatMap((tag, index) => {
    const span = items[index]?.span ?? value?.span
    if (tags.indexOf(tag) < index) return [diagnose('sigma-tag', span, { tag, why: 'it stands there twice' })]
    const [namespace, ...rest] = tag.split('.')
    const name = rest.join('.')
    const known = Object.hasOwn(sigmaFacts().tags, namespace!) ? sigmaFacts().tags[namespace!] : undefined
    if (tag !== tag.toLowerCase() && namespace !== 'd3fend')
      return [diagnose('sigma-tag', span, { tag, why: 'tags are in lower case' })]
    if (name === '') return [diagnose('sigma-tag', span, { tag, why: 'it has no namespace, as `attack.`' })]
    if (!known) {
      const closest = namespace!.length < 4 ? undefined : closestName(namespace!, Object.keys(sigmaFacts().tags))
      // Others may use a namespace of their own.
      return closest === undefined
        ? []
        : [diagnose('sigma-tag', span, { tag, why: `the namespace is not known`, closest })]
    }
    const folded = name.toLowerCase()
    if (known.names.includes(folded) || known.patterns.some((pattern) => new RegExp(`^(?:${pattern})$`).test(folded)))
      return []
    return [
      diagnose('sigma-tag', span, {
        tag,
        why: `\`${namespace}\` has no such name`,
        closest: closestName(name, [
          ...known.names,
          ...known.names.map((each) => each.replaceAll('-', '_')),
        ])?.replaceAll('_', '-'),
      }),
    ]
  })
}

function lintLogSource(document: SigmaDocument): readonly Diagnostic[] {
  if (document.kind === 'correlation') return []
  const { logsource, tree } = document
  const node = member(tree, 'logsource')?.value
  const found: Diagnostic[] = []
  for (const key of ['category', 'product', 'service'] as const) {
    const name = logsource[key]
    if (name === undefined || sigmaFacts().logsource[key].includes(name)) continue
    const closest = name.length < 5 ? undefined : closestName(name, sigmaFacts().logsource[key])
    // A name that is like no other is somebody's own.
    if (closest === undefined) continue
    found.push(
      diagnose('sigma-log-source', (node && member(node, key)?.value.span) ?? logsource.span, { key, name, closest }),
    )
  }
  return found
}
