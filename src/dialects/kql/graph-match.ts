import type { Relation, RowOptions } from '../../ir/relation.js'
import { literal, reference, type Scalar } from '../../ir/scalar.js'
import { type Column, column, type ScalarType } from '../../ir/types.js'
import { diagnose } from '../../text/diagnostic.js'
import { Given } from './given.js'
import { conjuncts, edgeColumns, fromGraph, type GraphRelation, needGraph } from './graph.js'
import { type Environment, findColumn, lowerCondition, lowerConstant, lowerScalar } from './lower-scalar.js'
import { assignNames, lowerNamed } from './named.js'
import { freshName, Refusal, refuse, refuseForm } from './scope.js'
import { child, field, items, type KqlNode, parameters, tokenText } from './syntax.js'

const CYCLES: ReadonlySet<string> = new Set(['all', 'none', 'unique_edges'])

/** `graph-match`: a row for each place in the graph that looks as the pattern does. https://learn.microsoft.com/kusto/query/graph-match-operator */
export function lowerGraphMatch(node: KqlNode, input: Relation, env: Environment): Relation {
  const cycles = (tokenText(parameters(node).get('cycles')) ?? 'unique_edges').toLowerCase()
  if (!CYCLES.has(cycles)) return refuseForm(`\`graph-match cycles=${cycles}\``, node.span)
  return lowerPattern('graph-match', node, needGraph(node, input), { cycles }, env)
}

/** https://learn.microsoft.com/kusto/query/graph-shortest-paths-operator */
export function lowerShortestPaths(node: KqlNode, input: Relation, env: Environment): Relation {
  const output = (tokenText(parameters(node).get('output')) ?? 'any').toLowerCase()
  if (output !== 'any' && output !== 'all') return refuseForm(`\`graph-shortest-paths output=${output}\``, node.span)
  const patterns = items(node, 'Patterns')
  if (patterns.length !== 1) return refuseForm('`graph-shortest-paths` with several patterns', node.span)
  const relation = lowerPattern('graph-shortest-paths', node, needGraph(node, input), { output }, env)
  return relation
}

interface EdgeElement {
  readonly name: string
  readonly from: string
  readonly to: string
  readonly direction: 'out' | 'in' | 'any'
  readonly range: { readonly least: bigint; readonly most: bigint } | undefined
}

function lowerPattern(name: string, node: KqlNode, graph: GraphRelation, more: RowOptions, env: Environment): Relation {
  const { nodes, edges } = readPatterns(items(node, 'Patterns'), env)
  if (!isConnected(nodes, edges)) return refuseForm('a graph pattern of parts that share no node', node.span)
  const scope = new PatternScope(nodes, edges, graph, env)
  const where = field(node, 'WhereClause')
  const given = new Given(env.context)
  const inside = scope.environment()
  const conditions = where
    ? conjuncts(lowerCondition(child(where, 'Condition'), inside)).map((each) => given.take(each))
    : []
  const list = items(child(node, 'ProjectClause'), 'Expressions').flatMap((item) => lowerNamed(item, inside))
  const taken = new Set(list.flatMap((each) => (each.name === undefined ? [] : [each.name])))
  const project = assignNames(list, taken, (index) => `Column${index + 1}`).map((each) => ({
    ...each,
    value: given.take(each.value),
  }))
  const options: RowOptions = {
    ...more,
    nodes: [...nodes],
    edges: edges.map((edge): RowOptions => ({ ...edge, range: edge.range && { ...edge.range } })),
    where: conditions,
    project: project.map((each): RowOptions => ({ name: each.name, value: each.value })),
    elements: scope.elements.map((each): RowOptions => ({ ...each, value: given.take(each.value) })),
  }
  const columns = project.map((each) => column(each.name, each.value.type))
  return fromGraph(name, graph, options, columns, given, node.span)
}

function readPatterns(patterns: readonly KqlNode[], env: Environment): { nodes: string[]; edges: EdgeElement[] } {
  const nodes: string[] = []
  const edges: EdgeElement[] = []
  const nameOf = (element: KqlNode): string => {
    const name = field(element, 'Name')?.text
    if (name?.includes('.')) return refuseForm('a graph variable with a dot in its name', element.span)
    return name || freshName(env.context, 'element')
  }
  for (const pattern of patterns) {
    let last: string | undefined
    let edge: KqlNode | undefined
    for (const element of items(pattern, 'PatternElements')) {
      if (element.kind === 'GraphMatchPatternEdge') {
        edge = element
        continue
      }
      const name = nameOf(element)
      if (!nodes.includes(name)) nodes.push(name)
      if (edge && last !== undefined) {
        const edgeName = nameOf(edge)
        if (edges.some((known) => known.name === edgeName) || nodes.includes(edgeName))
          return refuseForm(`the edge \`${edgeName}\` twice in one pattern`, edge.span)
        edges.push({ name: edgeName, from: last, to: name, direction: directionOf(edge), range: rangeOf(edge, env) })
      }
      last = name
      edge = undefined
    }
    if (edge || last === undefined) return refuseForm('a graph pattern that does not end in a node', pattern.span)
  }
  const twice = edges.find((edge) => nodes.includes(edge.name))
  if (twice) return refuseForm(`\`${twice.name}\` as a node and as an edge`, patterns[0]!.span)
  return { nodes, edges }
}

function directionOf(edge: KqlNode): EdgeElement['direction'] {
  const [first, last] = [edge.fields.FirstToken?.text ?? '', edge.fields.LastToken?.text ?? '']
  if (first.startsWith('<')) return 'in'
  return first.endsWith('>') || last.endsWith('>') ? 'out' : 'any'
}

function rangeOf(edge: KqlNode, env: Environment): EdgeElement['range'] {
  const range = field(edge, 'Range')
  if (!range) return undefined
  const bound = (part: string): bigint => {
    const node = field(range, part)
    const value = node && node.span.end > node.span.start ? lowerConstant(node, env) : undefined
    if (value?.kind === 'literal' && typeof value.value === 'bigint' && value.value >= 0n) return value.value
    return refuseForm('a variable length edge without a least and a most length', range.span)
  }
  const [least, most] = [bound('RangeStart'), bound('RangeEnd')]
  return most < least ? refuseForm('a variable length edge whose most is below its least', range.span) : { least, most }
}

function isConnected(nodes: readonly string[], edges: readonly EdgeElement[]): boolean {
  const reached = new Set(nodes.slice(0, 1))
  for (let grown = true; grown; ) {
    const before = reached.size
    for (const { from, to } of edges) if (reached.has(from) || reached.has(to)) reached.add(from).add(to)
    grown = reached.size > before
  }
  return reached.size === nodes.length
}

/** An expression on each edge, or each inner node, of a variable length edge: what `map`, `all` and `any` give. */
interface ElementExpression {
  readonly name: string
  readonly how: 'map' | 'all' | 'any'
  readonly edge: string
  readonly over: 'edges' | 'inner-nodes'
  readonly value: Scalar
}

/** Properties that every node has, beside those of its row. */
const NODE_FUNCTIONS: Readonly<Record<string, { readonly property: string; readonly type: ScalarType }>> = {
  node_id: { property: '$id', type: 'string' },
  node_degree_in: { property: '$in', type: 'long' },
  node_degree_out: { property: '$out', type: 'long' },
}

/** What expressions of a pattern may see: `variable.property`, and functions on variables. */
class PatternScope {
  readonly elements: ElementExpression[] = []
  private readonly variables: ReadonlyMap<string, readonly Column[]>

  constructor(
    private readonly nodes: readonly string[],
    private readonly edges: readonly EdgeElement[],
    private readonly graph: GraphRelation,
    private readonly env: Environment,
  ) {
    this.variables = new Map([
      ...nodes.map((name): [string, readonly Column[]] => [name, graph.columns]),
      ...edges
        .filter(({ range }) => range === undefined)
        .map(({ name }): [string, readonly Column[]] => [name, edgeColumns(graph)]),
    ])
  }

  environment(): Environment {
    const calls = new Map<
      string,
      NonNullable<Environment['calls']> extends ReadonlyMap<string, infer Call> ? Call : never
    >()
    for (const how of ['map', 'all', 'any'] as const)
      calls.set(how, (args, node, env) => this.onElements(how, args, node, env))
    for (const name of Object.keys(NODE_FUNCTIONS)) calls.set(name, (args, node) => this.ofNode(name, args, node))
    calls.set('labels', (_args, node) => literal('dynamic', [], node.span))
    calls.set('inner_nodes', (_args, node) => refuseForm('`inner_nodes` outside `map`, `all` and `any`', node.span))
    const paths = (base: string, selector: KqlNode): Scalar | undefined => this.alongEdge(base, selector)
    return { ...this.env, columns: [], input: undefined, steps: this.variables, calls, paths }
  }

  /** `map(edge, expression)`, `all(inner_nodes(edge), condition)`. */
  private onElements(how: ElementExpression['how'], args: readonly KqlNode[], node: KqlNode, env: Environment): Scalar {
    const [target, expression] = args
    if (!target || !expression || args.length !== 2)
      return refuse('bad-argument-count', node.span, { name: how, expected: '2 arguments', found: args.length })
    const inner = target.kind === 'FunctionCallExpression' && child(target, 'Name').text === 'inner_nodes'
    const variable = inner ? items(child(target, 'ArgumentList'), 'Expressions')[0] : target
    const edge = this.edges.find(({ name }) => name === variable?.text)
    if (!edge) return refuseForm(`\`${how}\` of something that is no edge of the pattern`, target.span)
    const columns = inner ? this.graph.columns : edgeColumns(this.graph)
    const within: Environment = { ...env, columns, calls: this.onNode(inner, env), paths: undefined }
    const value = how === 'map' ? lowerScalar(expression, within) : lowerCondition(expression, within)
    return this.element({ how, edge: edge.name, over: inner ? 'inner-nodes' : 'edges', value }, node)
  }

  private element(made: Omit<ElementExpression, 'name'>, node: KqlNode): Scalar {
    const name = freshName(this.env.context, 'elements')
    this.elements.push({ ...made, name })
    return reference(name, made.how === 'map' ? 'dynamic' : 'bool', node.span)
  }

  /** Inside `map` and its kin `node_degree_in()` speaks of the node at hand. */
  private onNode(inner: boolean, env: Environment): Environment['calls'] {
    const calls = new Map(env.calls)
    for (const [name, { property, type }] of Object.entries(NODE_FUNCTIONS)) {
      const outer = calls.get(name)!
      calls.set(name, (args, node, each) => {
        if (args.length > 0) return outer(args, node, each)
        return inner ? reference(property, type, node.span) : refuseForm(`\`${name}()\` of an edge`, node.span)
      })
    }
    return calls
  }

  private ofNode(name: string, args: readonly KqlNode[], node: KqlNode): Scalar {
    const variable = args[0]?.text ?? ''
    if (args.length !== 1 || !this.nodes.includes(variable))
      return refuseForm(`\`${name}\` of something that is no node of the pattern`, node.span)
    const { property, type } = NODE_FUNCTIONS[name]!
    return reference(`${variable}.${property}`, type, node.span)
  }

  /** `edge.property` of a variable length edge: the property of each of its edges. */
  private alongEdge(base: string, selector: KqlNode): Scalar | undefined {
    const edge = this.edges.find(({ name, range }) => name === base && range !== undefined)
    if (!edge) return undefined
    const found = findColumn(edgeColumns(this.graph), selector.text)
    if (!found) throw new Refusal(diagnose('unknown-name', selector.span, { name: selector.text, closest: undefined }))
    return this.element(
      { how: 'map', edge: base, over: 'edges', value: reference(found.name, found.type, selector.span) },
      selector,
    )
  }
}
