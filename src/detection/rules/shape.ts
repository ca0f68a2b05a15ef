import { isMap, isScalar, isSeq, type Node, type Pair } from 'yaml'
import { closestName } from '../../text/closest-name.js'
import { type Diagnostic, diagnose } from '../../text/diagnostic.js'
import { type Span, span } from '../../text/span.js'

/** What a rule file of some product may say: read by the check, by the repair of broken files, and by nobody else. */
export type Shape = TextShape | NumberShape | FlagShape | AnyShape | ListShape | MapShape

/** Compared without case where `values` are given, as the products do. */
interface TextShape {
  readonly kind: 'text'
  readonly values?: readonly string[]
  readonly accepts?: (text: string) => boolean
  /** What `accepts` wants, in words. */
  readonly wanted?: string
}

interface NumberShape {
  readonly kind: 'number'
}

interface FlagShape {
  readonly kind: 'flag'
}

interface AnyShape {
  readonly kind: 'any'
}

interface ListShape {
  readonly kind: 'list'
  readonly of: Shape
}

export interface MapShape {
  readonly kind: 'map'
  readonly keys: Readonly<Record<string, Shape>>
  /** Keys beside those listed, where the author chooses the names. */
  readonly others?: Shape
}

export const ANY: AnyShape = { kind: 'any' }
export const TEXT: TextShape = { kind: 'text' }
export const NUMBER: NumberShape = { kind: 'number' }
export const FLAG: FlagShape = { kind: 'flag' }
export const oneOf = (...values: readonly string[]): TextShape => ({ kind: 'text', values })
export const textThat = (accepts: (text: string) => boolean, wanted: string): TextShape => ({
  kind: 'text',
  accepts,
  wanted,
})
export const list = (of: Shape): ListShape => ({ kind: 'list', of })
export const map = (keys: MapShape['keys'], others?: Shape): MapShape =>
  others === undefined ? { kind: 'map', keys } : { kind: 'map', keys, others }

export const spanOf = (node: unknown): Span => {
  const [start = 0, end = 0] = (node as Node | null | undefined)?.range ?? []
  return span(start, end)
}

/** Holds a node to a shape: a key that is not known is a note, a value that cannot be is an error. */
export function checkShape(node: unknown, shape: Shape, name: string): Diagnostic[] {
  switch (shape.kind) {
    case 'any':
      return []
    case 'map':
      return isMap(node) ? node.items.flatMap((pair) => checkPair(pair, shape)) : wrong(node, name, 'names with values')
    case 'list': {
      if (isSeq(node)) return node.items.flatMap((item) => checkShape(item, shape.of, name))
      if (isScalar(node) && shape.of.kind === 'text' && node.value !== null)
        return [diagnose('rule-single-value', spanOf(node), { key: name }), ...checkShape(node, shape.of, name)]
      return isEmpty(node) ? [] : wrong(node, name, 'a list')
    }
    case 'number':
      return isScalar(node) && Number.isFinite(Number(node.value)) && String(node.value).trim() !== ''
        ? []
        : wrong(node, name, 'a number')
    case 'flag':
      return isScalar(node) && /^(true|false)$/i.test(String(node.value)) ? [] : wrong(node, name, '`true` or `false`')
    case 'text':
      return checkText(node, shape, name)
  }
}

const isEmpty = (node: unknown): boolean =>
  node === null || (isScalar(node) && (node.value === null || node.value === ''))

function checkPair(pair: Pair, shape: MapShape): Diagnostic[] {
  const key = isScalar(pair.key) ? String(pair.key.value) : ''
  const inner = shape.keys[key] ?? shape.others
  if (inner) return isEmpty(pair.value) ? [] : checkShape(pair.value, inner, key)
  return [diagnose('rule-unknown-key', spanOf(pair.key), { key, closest: closestName(key, Object.keys(shape.keys)) })]
}

function checkText(node: unknown, shape: TextShape, name: string): Diagnostic[] {
  if (!isScalar(node)) return wrong(node, name, 'a text')
  const text = String(node.value)
  if (shape.values && !shape.values.some((each) => each.toLowerCase() === text.toLowerCase())) {
    const closest = closestName(text, shape.values)
    return wrong(node, name, closest ? `\`${closest}\`` : `one of ${shape.values.slice(0, 8).join(', ')}`)
  }
  if (shape.accepts && !shape.accepts(text)) return wrong(node, name, shape.wanted ?? 'something else')
  return []
}

const wrong = (node: unknown, key: string, expected: string): Diagnostic[] => [
  diagnose('rule-wrong-value', spanOf(node), {
    key,
    found: isScalar(node) ? String(node.value) : kindOf(node),
    expected,
  }),
]

const kindOf = (node: unknown): string => (isSeq(node) ? 'a list' : isMap(node) ? 'names with values' : 'nothing')
