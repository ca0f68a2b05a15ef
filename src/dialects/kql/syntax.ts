import type { Span } from '../../text/span.js'

/**
 * A node of the syntax tree. `kind` is Microsoft's own name of it (`FilterOperator`, `HasExpression`, `IdentifierToken`), `fields` its children under
 * Microsoft's names. Plain data; nothing of the parser's object model is left in it.
 */
export interface KqlNode {
  readonly kind: string
  readonly span: Span
  /** The source text of a token, or the name of a name; empty elsewhere. */
  readonly text: string
  readonly fields: Readonly<Record<string, KqlNode>>
  /** Elements of a list. */
  readonly items: readonly KqlNode[]
}

export const field = (node: KqlNode, name: string): KqlNode | undefined => node.fields[name]

/** A child that the grammar promises. */
export function child(node: KqlNode, name: string): KqlNode {
  const found = node.fields[name]
  if (!found) throw new Error(`${node.kind} has no ${name}`)
  return found
}

/** Elements of a list child; none where it is absent. */
export const items = (node: KqlNode, name: string): readonly KqlNode[] => node.fields[name]?.items ?? []

/** Named parameters of an operator: `kind=inner`, `hint.strategy=shuffle`. */
export function parameters(node: KqlNode): ReadonlyMap<string, KqlNode> {
  const found = new Map<string, KqlNode>()
  for (const item of items(node, 'Parameters')) {
    if (item.kind === 'NamedParameter') found.set(child(item, 'Name').text.toLowerCase(), child(item, 'Expression'))
  }
  return found
}

/** The text of a parameter's value, whatever it is written as. */
export const tokenText = (node: KqlNode | undefined): string | undefined =>
  node === undefined ? undefined : node.text || node.fields.Token?.text || node.fields.Name?.text
