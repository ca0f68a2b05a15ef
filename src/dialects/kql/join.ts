import type { JoinKind, Relation } from '../../ir/relation.js'
import { reference, type Scalar } from '../../ir/scalar.js'
import { type Column, column, type ScalarType } from '../../ir/types.js'
import type { Span } from '../../text/span.js'
import { refusalOf } from './columns.js'
import { convert } from './convert.js'
import { asString, type Environment, findColumn, lowerScalar } from './lower-scalar.js'
import { lowerTabular } from './lower-tabular.js'
import { outside } from './relations.js'
import { Refusal, refuseForm, uniqueName } from './scope.js'
import { child, field, items, type KqlNode, parameters, tokenText } from './syntax.js'

const JOIN_KINDS: Readonly<Record<string, JoinKind>> = {
  inner: 'inner',
  innerunique: 'inner-unique',
  leftouter: 'left-outer',
  rightouter: 'right-outer',
  fullouter: 'full-outer',
  leftsemi: 'left-semi',
  rightsemi: 'right-semi',
  leftanti: 'left-anti',
  anti: 'left-anti',
  leftantisemi: 'left-anti',
  rightanti: 'right-anti',
  rightantisemi: 'right-anti',
}

export function lowerJoin(node: KqlNode, left: Relation, env: Environment): Relation {
  const options = parameters(node)
  const written = (tokenText(options.get('kind')) ?? 'innerunique').toLowerCase()
  const how = JOIN_KINDS[written] ?? refuseForm(`\`join kind=${written}\``, node.span)
  const right = lowerTabular(child(node, 'Expression'), outside(env))
  const clause = field(node, 'ConditionClause')
  const on =
    clause?.kind === 'JoinOnClause'
      ? joinKeys(items(clause, 'Expressions'), left, right, env)
      : refuseForm('a join without `on`', node.span)
  return join(how, left, right, on, node.span, false)
}

export function lowerLookup(node: KqlNode, left: Relation, env: Environment): Relation {
  const written = (tokenText(parameters(node).get('kind')) ?? 'leftouter').toLowerCase()
  if (written !== 'leftouter' && written !== 'inner') return refuseForm(`\`lookup kind=${written}\``, node.span)
  const right = lowerTabular(child(node, 'Expression'), outside(env))
  const clause = child(node, 'LookupClause')
  return join(
    JOIN_KINDS[written]!,
    left,
    right,
    joinKeys(items(clause, 'Expressions'), left, right, env),
    node.span,
    true,
  )
}

interface JoinKey {
  readonly left: Scalar
  readonly right: Scalar
}

function joinKeys(nodes: readonly KqlNode[], left: Relation, right: Relation, env: Environment): JoinKey[] {
  return nodes.flatMap((node) => joinKey(node, left, right, env))
}

function joinKey(node: KqlNode, left: Relation, right: Relation, env: Environment): JoinKey[] {
  if (node.kind === 'AndExpression')
    return [...joinKey(child(node, 'Left'), left, right, env), ...joinKey(child(node, 'Right'), left, right, env)]
  if (node.kind === 'ParenthesizedExpression') return joinKey(child(node, 'Expression'), left, right, env)
  if (node.kind === 'EqualExpression') {
    const sides = [child(node, 'Left'), child(node, 'Right')] as const
    const flipped = startsWith(sides[0], '$right') || startsWith(sides[1], '$left')
    const [leftNode, rightNode] = flipped ? [sides[1], sides[0]] : sides
    return [sameKeyType(sideValue(leftNode, left, right, 'left', env), sideValue(rightNode, left, right, 'right', env))]
  }
  if (node.kind !== 'NameReference') return refuseForm('this join condition', node.span)
  const pick = (side: Relation): Scalar => {
    const found = findColumn(side.columns, node.text)
    if (!found)
      throw new Refusal(
        refusalOf(
          node,
          side.columns.map(({ name }) => name),
        ),
        { name: node.text, input: side },
      )
    return reference(found.name, found.type, node.span)
  }
  return [sameKeyType(pick(left), pick(right))]
}

function startsWith(node: KqlNode, side: string): boolean {
  if (node.kind === 'PathExpression' || node.kind === 'ElementExpression')
    return startsWith(child(node, 'Expression'), side)
  return node.kind === 'NameReference' && node.text === side
}

function sideValue(node: KqlNode, left: Relation, right: Relation, side: 'left' | 'right', env: Environment): Scalar {
  const input = side === 'left' ? left : right
  if (
    node.kind === 'PathExpression' &&
    child(node, 'Expression').kind === 'NameReference' &&
    child(node, 'Expression').text === `$${side}`
  ) {
    const selector = child(node, 'Selector')
    const found = findColumn(input.columns, selector.text)
    if (!found)
      throw new Refusal(
        refusalOf(
          selector,
          input.columns.map(({ name }) => name),
        ),
        { name: selector.text, input },
      )
    return reference(found.name, found.type, node.span)
  }
  const sides = { left: left.columns, right: right.columns }
  return stripSide(lowerScalar(node, { ...env, columns: input.columns, input, sides }), `$${side}.`)
}

const stripSide = (value: Scalar, prefix: string): Scalar => {
  if (value.kind === 'column' && value.name.startsWith(prefix))
    return { ...value, name: value.name.slice(prefix.length) }
  if (value.kind === 'access') return { ...value, value: stripSide(value.value, prefix) }
  if (value.kind === 'call')
    return { ...value, arguments: value.arguments.map((argument) => stripSide(argument, prefix)) }
  return value
}

function sameKeyType(left: Scalar, right: Scalar): JoinKey {
  if (left.type === right.type && left.type !== 'dynamic') return { left, right }
  if (left.type === 'dynamic' || right.type === 'dynamic' || left.type === 'string' || right.type === 'string') {
    return { left: asString(left), right: asString(right) }
  }
  const type: ScalarType = left.type === 'real' || right.type === 'real' ? 'real' : left.type
  return { left: convert(left, type), right: convert(right, type) }
}

/** The columns of a join: the left's, then the right's with a number where the name is taken. */
function join(
  how: JoinKind,
  left: Relation,
  right: Relation,
  on: readonly JoinKey[],
  span: Span,
  dropKeys: boolean,
): Relation {
  const output: { name: string; side: 'left' | 'right'; column: string }[] = []
  const columns: Column[] = []
  const taken = new Set<string>()
  const give = (side: 'left' | 'right', known: Column): void => {
    const name = uniqueName(known.name, taken)
    taken.add(name)
    output.push({ name, side, column: known.name })
    columns.push(column(name, known.type))
  }
  const keyNames = new Set(on.map(({ right: key }) => (key.kind === 'column' ? key.name : '')))
  const wantsLeft = how !== 'right-semi' && how !== 'right-anti'
  const wantsRight = how !== 'left-semi' && how !== 'left-anti'
  if (wantsLeft) for (const known of left.columns) give('left', known)
  if (wantsRight) for (const known of right.columns) if (!dropKeys || !keyNames.has(known.name)) give('right', known)
  return { kind: 'join', how, left, right, on, output, columns, span }
}
