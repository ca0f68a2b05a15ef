import type { CompiledQuery } from '../detection/compile-query.js'
import type { Clause } from '../detection/explain/clause.js'
import type { EventVerdict } from '../detection/explain/explain-event.js'
import { planWords } from '../detection/explain/plan-words.js'
import { scalarWords, valueWords } from '../detection/explain/scalar-words.js'
import type { Rule } from '../detection/rules.js'
import { pad, widthOf, wrap } from '../text/fit.js'
import type { Paint } from '../text/paint.js'
import { visible } from '../text/visible.js'

/** When the rule runs, and what makes it alert. */
function scheduleWords({ period, given }: Rule): string[] {
  const window =
    given?.windowed === true && period !== undefined ? [`its product shows it the last ${period} of events`] : []
  const trigger = given?.trigger
  const plain = trigger === undefined || (trigger.operator === 'more than' && trigger.threshold === 0)
  return [...window, ...(plain ? [] : [`alerts where a run gives ${trigger.operator} ${trigger.threshold} rows`])]
}

/** What is printed, line by line, within a width. */
export class Page {
  private readonly lines: string[] = []

  constructor(
    private readonly width: number,
    private readonly paint: Paint,
  ) {}

  text(): string {
    return `${this.lines.join('\n')}\n`
  }

  heading(text: string): void {
    if (this.lines.length > 0) this.lines.push('')
    this.lines.push(this.paint.bold(visible(text)))
  }

  line(text: string, indent = 2): void {
    for (const part of text.split('\n'))
      for (const [index, line] of wrap(visible(part), this.width - indent - 2).entries())
        this.lines.push(' '.repeat(index === 0 ? indent : indent + 2) + line)
  }

  plan(rule: Rule, compiled: CompiledQuery): void {
    if (rule.title !== 'query') this.heading(rule.title)
    this.heading('what it does')
    for (const { depth, text } of planWords(compiled.query)) this.line(text, 2 + depth * 2)
    for (const words of scheduleWords(rule)) this.line(words)
    for (const { severity, message } of compiled.diagnostics) this.line(`${severity}: ${message}`)
    this.sql(compiled.sql)
  }

  sql(sql: string): void {
    this.heading('as SQL')
    // In one piece, so that it can be copied.
    this.lines.push(visible(sql))
  }

  verdict(rule: Rule, { ways, leftOut, result }: EventVerdict): void {
    for (const [index, clauses] of ways.entries()) {
      if (ways.length > 1) this.line(`way ${index + 1} of ${ways.length} that the query reads the table`)
      this.clauses(rule, clauses)
    }
    if (leftOut > 0)
      this.line(
        `${leftOut} ${leftOut === 1 ? 'condition speaks' : 'conditions speak'} of more than one event and cannot be judged by one`,
      )
    if (result === undefined) this.line('what the query gives for this event alone could not be run here')
    else if (result.rows.length === 0) this.line('so the query gives no row')
    else {
      this.line('so the query gives this row:')
      this.values(
        result.columns.map(({ name, type }, index) => [name, valueWords(result.rows[0]![index], type)] as const),
      )
    }
  }

  clauses(rule: Rule, clauses: readonly Clause[], depth = 0): void {
    if (clauses.length === 0 && depth === 0) this.line('no condition: every event passes')
    for (const clause of clauses) {
      const word =
        clause.value === true
          ? 'true   '
          : clause.value === false
            ? 'false  '
            : clause.value === null
              ? 'missing'
              : 'unknown'
      const indent = 2 + depth * 2
      this.marked(word, clause.value === true, sourceOf(rule.query, clause), indent)
      if (clause.value !== true)
        for (const { column, value } of clause.reads)
          this.line(`${column} is ${valueWords(value, typeOf(clause, column))}`, indent + 9)
      if (clause.value !== true && clause.parts.length > 0) this.clauses(rule, clause.parts, depth + 1)
    }
  }

  /** A part of a rule, and whether it holds. */
  judged(holds: boolean, text: string, depth: number): void {
    this.marked(holds ? 'true   ' : 'false  ', holds, text, 2 + depth * 2)
  }

  private marked(word: string, isTrue: boolean, text: string, indent: number): void {
    const mark = isTrue ? this.paint.dim(word) : this.paint.boldRed(word)
    const [first, ...rest] = wrap(visible(text), this.width - indent - 11)
    this.lines.push(`${' '.repeat(indent)}${mark}  ${first ?? ''}`)
    for (const line of rest) this.lines.push(' '.repeat(indent + 11) + line)
  }

  values(pairs: readonly (readonly [name: string, value: string])[]): void {
    const label = Math.min(30, Math.max(0, ...pairs.map(([name]) => widthOf(name))))
    for (const [name, value] of pairs) {
      const [first = '', ...rest] = wrap(visible(value), Math.max(20, this.width - label - 6), 3)
      this.lines.push(`    ${this.paint.dim(pad(visible(name), label))}  ${first}`)
      for (const line of rest) this.lines.push(' '.repeat(label + 6) + line)
    }
  }
}

/** The clause as its author wrote it, where that is short; else in words. */
function sourceOf(query: string, { scalar }: Clause): string {
  const text = scalar.span ? query.slice(scalar.span.start, scalar.span.end).replace(/\s+/g, ' ') : ''
  return text !== '' && text.length < 160 ? text : scalarWords(scalar)
}

function typeOf({ scalar }: Clause, column: string): 'string' | 'datetime' | 'dynamic' {
  if (scalar.kind === 'compare' && scalar.left.type === 'datetime') return 'datetime'
  return column === '' ? 'dynamic' : 'string'
}
