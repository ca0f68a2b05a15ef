import type { Assignment, Relation } from '../../ir/relation.js'
import { and, call, literal, not, or, reference, type Scalar, text } from '../../ir/scalar.js'
import type { ScalarType } from '../../ir/types.js'
import { convert } from './convert.js'
import { lowerType } from './literals.js'
import { asString, type Environment, lowerConstant, lowerScalar } from './lower-scalar.js'
import { emptyOf, readSchema } from './lower-tabular.js'
import { extend, filter, keepColumns } from './relations.js'
import { freshName, refuseForm } from './scope.js'
import { child, field, items, type KqlNode, parameters, tokenText } from './syntax.js'

/** One piece of a `parse` pattern. */
type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'star' }
  | { readonly kind: 'column'; readonly name: string; readonly type: ScalarType }

/**
 * `parse` and `parse-where`: one regular expression over the whole pattern, its groups converted to the columns' types. With
 * `kind=simple` a column that cannot be converted blanks the whole row; `relaxed` converts each alone.
 */
export function lowerParse(node: KqlNode, input: Relation, env: Environment): Relation {
  const { span } = node
  const options = parameters(node)
  const kind = (tokenText(options.get('kind')) ?? 'simple').toLowerCase()
  const flags = tokenText(options.get('flags')) ?? ''
  const pieces = items(node, 'Patterns').map((item) => readPiece(item, env))
  const columns = pieces.filter((piece) => piece.kind === 'column')
  const subject = asString(lowerScalar(child(node, 'Expression'), env))
  const pattern = kind === 'regex' ? regexPattern(pieces, flags) : simplePattern(pieces)
  const groups = freshName(env.context, 'groups')
  const captured = extend(
    input,
    [{ name: groups, value: call('captures', 'dynamic', [subject, text(pattern)], span) }],
    span,
  )
  const found = reference(groups, 'dynamic')
  const parts = columns.map(({ type }, index) => {
    const group = asString({ kind: 'access', type: 'dynamic', value: found, key: literal('long', BigInt(index)), span })
    return { group, type, value: type === 'string' ? group : call(`parse_${type}`, type, [group], span) }
  })
  const matched = call('is_not_null', 'bool', [found], span)
  const failed = parts
    .filter(({ type }) => type !== 'string')
    .map(({ value }) => call('is_null', 'bool', [value], span))
  const whole = kind === 'relaxed' || failed.length === 0 ? matched : and([matched, not(or(failed, span), span)], span)
  const assignments = columns.map(({ name, type }, index): Assignment => {
    const value = parts[index]!.value
    if (kind === 'relaxed' || type === 'dynamic') return { name, value: choose(matched, value, type) }
    return { name, value: choose(whole, value, type) }
  })
  const where = node.kind === 'ParseWhereOperator' ? filter(captured, whole, span) : captured
  const rows = extend(where, assignments, span)
  return keepColumns(
    rows,
    rows.columns.filter(({ name }) => name !== groups),
    span,
  )
}

const choose = (when: Scalar, value: Scalar, type: ScalarType): Scalar => ({
  kind: 'choose',
  type,
  branches: [{ when, value }],
  otherwise: emptyOf(type),
  span: value.span,
})

function readPiece(item: KqlNode, env: Environment): Piece {
  switch (item.kind) {
    case 'StarExpression':
      return { kind: 'star' }
    case 'NameDeclaration':
      return { kind: 'column', name: item.text, type: 'string' }
    case 'NameAndTypeDeclaration':
      return { kind: 'column', name: child(item, 'Name').text, type: lowerType(child(item, 'Type')) }
    default: {
      const value = lowerConstant(item, env)
      if (value.kind !== 'literal' || typeof value.value !== 'string')
        return refuseForm('this in a `parse` pattern', item.span)
      return { kind: 'text', text: value.value }
    }
  }
}

const WHOLE = String.raw`\s*[-+]?\d+`
const SHAPES: Readonly<Record<ScalarType, string>> = {
  int: WHOLE,
  long: WHOLE,
  real: String.raw`\s*[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?`,
  decimal: String.raw`\s*[-+]?\d+(?:\.\d*)?`,
  bool: String.raw`\s*(?:true|false|\d+)`,
  guid: '[0-9a-fA-F-]{32,36}',
  datetime: String.raw`\s*\d[\d/.:TZ +-]*\d(?:Z|\s*[AP]M)?`,
  timespan: String.raw`\s*-?\d[\d.:]*`,
  string: '.*?',
  dynamic: '.*?',
}

const quote = (source: string): string => source.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')

/** Literals stand for themselves; the pattern begins at the text's start and reaches to its end unless a `*` says otherwise. */
function simplePattern(pieces: readonly Piece[]): string {
  const body = pieces.map((piece, index) => {
    if (piece.kind === 'text') return quote(piece.text)
    if (piece.kind === 'star') return '.*?'
    const next = pieces[index + 1]
    if (next?.kind === 'star') return `(${SHAPES[piece.type]})`
    return next ? '(.*?)' : '(.*)'
  })
  const open = pieces[pieces.length - 1]?.kind === 'star'
  return `(?s)^${body.join('')}${open ? '' : '$'}`
}

function regexPattern(pieces: readonly Piece[], flags: string): string {
  const body = pieces.map((piece) => {
    if (piece.kind === 'text') return withoutGroups(piece.text)
    if (piece.kind === 'star') return '.*?'
    if (piece.type === 'string' || piece.type === 'dynamic') return '(.*)'
    return `(${SHAPES[piece.type]})`
  })
  const inline = /^[imsU]+$/.test(flags) ? `(?${flags})` : ''
  return `${inline}${body.join('')}`
}

/** The fragment's own groups give no columns. */
const withoutGroups = (fragment: string): string =>
  fragment.replace(/\\.|\((?!\?)/gs, (found) => (found === '(' ? '(?:' : found))

/** `parse-kv`: values by key out of `a=1, b="x"`. */
export function lowerParseKv(node: KqlNode, input: Relation, env: Environment): Relation {
  const { span } = node
  const columns = readSchema(child(node, 'Keys'))
  const clause = field(node, 'WithClause')
  const settings = new Map<string, string>()
  for (const item of clause ? items(clause, 'Properties') : []) {
    const value = lowerConstant(child(item, 'Expression'), env)
    settings.set(child(item, 'Name').text, value.kind === 'literal' ? String(value.value) : '')
  }
  const setting = (name: string): Scalar => text(settings.get(name) ?? '')
  const subject = asString(lowerScalar(child(node, 'Expression'), env))
  const bag = freshName(env.context, 'pairs')
  const keys = literal(
    'dynamic',
    columns.map(({ name }) => name),
  )
  const pairs = settings.has('regex')
    ? call('parse_pairs_regex', 'dynamic', [subject, setting('regex')], span)
    : call(
        'parse_pairs',
        'dynamic',
        [
          subject,
          setting('pair_delimiter'),
          setting('kv_delimiter'),
          setting('quote'),
          setting('escape'),
          text(settings.get('greedy') ?? 'false'),
          keys,
        ],
        span,
      )
  const parsed = extend(input, [{ name: bag, value: pairs }], span)
  const assignments = columns.map(({ name, type }): Assignment => {
    const found: Scalar = { kind: 'access', type: 'dynamic', value: reference(bag, 'dynamic'), key: text(name), span }
    return { name, value: type === 'string' ? asString(found) : convert(asString(found), type) }
  })
  const rows = extend(parsed, assignments, span)
  return keepColumns(
    rows,
    rows.columns.filter((known) => known.name !== bag),
    span,
  )
}
