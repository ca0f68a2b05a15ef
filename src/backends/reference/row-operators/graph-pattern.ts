import type { RowOptions } from '../../../ir/relation.js'
import type { Scalar } from '../../../ir/scalar.js'
import type { Value } from '../../../ir/value.js'
import { columnsRead } from '../../../ir/walk.js'
import { scalarFunction } from '../functions/index.js'
import { type Evaluation, evaluate } from '../scalar.js'
import type { Graph, GraphEdge, GraphNode } from './graph.js'
import { givenValues, list, type Row, reader, scalar, type Table, text } from './row-operator.js'

export interface PatternEdge {
  readonly name: string
  readonly from: string
  readonly to: string
  readonly direction: 'out' | 'in' | 'any'
  /** Undefined for a single edge. */
  readonly range: { readonly least: number; readonly most: number } | undefined
}

interface ElementExpression {
  readonly name: string
  readonly how: string
  readonly edge: string
  readonly over: string
  readonly value: Scalar
}

/** The edges that a variable length edge takes, and the nodes from its start to its end. */
export interface Path {
  readonly edges: readonly GraphEdge[]
  readonly nodes: readonly GraphNode[]
}

/**
 * A pattern and where its parts lie in the graph at the moment: `nodes` and `edges` grow and shrink as a search goes on. It says what the
 * pattern's expressions are there.
 */
export class PatternMatch {
  readonly nodes = new Map<string, GraphNode>()
  readonly edges = new Map<string, Path>()
  readonly nodeNames: readonly string[]
  readonly patternEdges: readonly PatternEdge[]
  /** What must be true, each with the variables that it speaks of. */
  readonly where: readonly { readonly condition: Scalar; readonly variables: ReadonlySet<string> }[]
  private readonly elements: ReadonlyMap<string, ElementExpression>
  private readonly project: readonly Scalar[]
  private readonly given: ReadonlyMap<string, Value>
  private readonly readEdge: (row: Row, name: string) => Value | undefined
  private readonly at: Evaluation = { value: (name) => this.value(name), rows: () => [] }

  constructor(graph: Graph, inputs: readonly Table[], options: RowOptions) {
    this.given = givenValues(inputs, options)
    this.nodeNames = (options.nodes as readonly Value[]).map(String)
    this.patternEdges = list(options.edges).map(({ name, from, to, direction, range }): PatternEdge => {
      const bounds = range as RowOptions | undefined
      return {
        name: text(name),
        from: text(from),
        to: text(to),
        direction: text(direction) as PatternEdge['direction'],
        range: bounds && { least: Number(bounds.least), most: Number(bounds.most) },
      }
    })
    this.elements = new Map(
      list(options.elements).map(({ name, how, edge, over, value }) => [
        text(name),
        { name: text(name), how: text(how), edge: text(edge), over: text(over), value: scalar(value) },
      ]),
    )
    this.readEdge = reader(graph.edgeColumns)
    this.where = list(options.where).map((each) => {
      const condition = each as unknown as Scalar
      return { condition, variables: this.variablesOf(condition) }
    })
    this.project = list(options.project).map(({ value }) => scalar(value))
  }

  row(): Row {
    return this.project.map((value) => evaluate(value, this.at))
  }

  holds(condition: Scalar): boolean {
    return evaluate(condition, this.at) === true
  }

  /** `all(edge, ...)` as a condition of its own is asked at each step of a path, so that a path that breaks it is not walked on. */
  earlyChecks(edge: PatternEdge): { edge: (edge: GraphEdge) => boolean; node: (node: GraphNode) => boolean } {
    const checks = this.where.flatMap(({ condition }) => {
      const element = this.elementOf(condition)
      if (element?.how !== 'all' || element.edge !== edge.name) return []
      const bound = [...this.outerVariables(element)].every((name) => this.nodes.has(name) || this.edges.has(name))
      return bound ? [element] : []
    })
    const [onEdges, onNodes] = [
      checks.filter(({ over }) => over === 'edges'),
      checks.filter(({ over }) => over !== 'edges'),
    ]
    return {
      edge: (each) => onEdges.every(({ value }) => evaluate(value, this.edgeScope(each)) === true),
      node: (each) => onNodes.every(({ value }) => evaluate(value, this.nodeScope(each)) === true),
    }
  }

  /** Whether a condition is one that `earlyChecks` asks of each step of the edge, whatever else is bound beside its start. */
  isAskedEarly(condition: Scalar, edge: PatternEdge): boolean {
    const element = this.elementOf(condition)
    if (element?.how !== 'all' || element.edge !== edge.name) return false
    return [...this.outerVariables(element)].every((name) => name === edge.from)
  }

  private elementOf(condition: Scalar): ElementExpression | undefined {
    return condition.kind === 'column' ? this.elements.get(condition.name) : undefined
  }

  private variablesOf(condition: Scalar): Set<string> {
    const found = new Set<string>()
    for (const name of columnsRead(condition, new Set())) {
      const element = this.elements.get(name)
      if (element) {
        found.add(element.edge)
        for (const outer of this.outerVariables(element)) found.add(outer)
      } else if (!this.given.has(name)) found.add(variableOf(name))
    }
    return found
  }

  /** Variables of the pattern that an expression on elements reads beside the element itself. */
  private outerVariables({ value }: ElementExpression): ReadonlySet<string> {
    const names = new Set([...this.nodeNames, ...this.patternEdges.map(({ name }) => name)])
    return new Set([...columnsRead(value, new Set())].map(variableOf).filter((name) => names.has(name)))
  }

  private value(name: string): Value {
    const given = this.given.get(name)
    if (given !== undefined) return given
    const element = this.elements.get(name)
    if (element) return this.onElements(element)
    const variable = variableOf(name)
    const property = name.slice(variable.length + 1)
    const node = this.nodes.get(variable)
    if (node) return nodeProperty(node, property)
    const edge = this.edges.get(variable)?.edges[0]
    return (edge && this.readEdge(edge.row, property)) ?? null
  }

  private onElements({ how, edge, over, value }: ElementExpression): Value {
    const path = this.edges.get(edge)!
    const scopes =
      over === 'edges'
        ? path.edges.map((each) => this.edgeScope(each))
        : path.nodes.slice(1, -1).map((each) => this.nodeScope(each))
    if (how === 'all') return scopes.every((scope) => evaluate(value, scope) === true)
    if (how === 'any') return scopes.some((scope) => evaluate(value, scope) === true)
    const toDynamic = scalarFunction('to_dynamic')!
    return scopes.map((scope) => {
      const result = evaluate(value, scope)
      return value.type === 'dynamic' ? result : toDynamic([result], [value.type], 'dynamic')
    })
  }

  private edgeScope({ row }: GraphEdge): Evaluation {
    const value = (name: string): Value => {
      const own = this.readEdge(row, name)
      return own === undefined ? this.value(name) : own
    }
    return { value, rows: () => [] }
  }

  private nodeScope(node: GraphNode): Evaluation {
    const own = (name: string): boolean => node.properties.has(name) || NODE_FUNCTIONS.has(name)
    return { value: (name) => (own(name) ? nodeProperty(node, name) : this.value(name)), rows: () => [] }
  }
}

/** What stands for the functions of a node. */
const NODE_FUNCTIONS: ReadonlySet<string> = new Set(['$id', '$in', '$out'])

/** `variable.property`; variables have no dots. */
const variableOf = (name: string): string => name.split('.', 1)[0]!

function nodeProperty(node: GraphNode, name: string): Value {
  switch (name) {
    case '$id':
      return node.id
    case '$in':
      return BigInt(node.in.length)
    case '$out':
      return BigInt(node.out.length)
    default:
      return node.properties.get(name) ?? null
  }
}
