import { closestName } from '../text/closest-name.js'
import { valueText } from './render/words.js'
import type { Finding, FindingEvent, Report } from './report.js'

/** A value, or several together, and how often it stands in what the rules found. */
export interface Stack {
  /** In the order of the fields. */
  readonly values: readonly string[]
  readonly findings: number
  readonly events: number
  readonly hosts: number
  readonly rules: number
  readonly firstSeen: string | null
  readonly lastSeen: string | null
}

export type Stacked =
  | { readonly ok: true; readonly stacks: readonly Stack[] }
  | {
      readonly ok: false
      readonly unknown: string
      readonly closest: string | undefined
      readonly fields: readonly string[]
    }

/** Fields that every finding has, whatever its rule. */
const OWN = {
  rule: ({ rule }: Finding) => [rule],
  title: ({ title }: Finding) => [title],
  level: ({ level }: Finding) => [level],
  status: ({ about }: Finding) => [about?.status],
  tag: ({ about }: Finding) => about?.tags ?? [],
  technique: ({ techniques }: Finding) => techniques,
  tool: ({ tool }: Finding) => [tool],
  host: ({ host }: Finding) => [host],
  user: ({ user }: Finding) => [user],
  channel: (_: Finding, event: FindingEvent | null) => [event?.channel],
  event_id: (_: Finding, event: FindingEvent | null) => [event?.id],
  source: (_: Finding, event: FindingEvent | null) => [event?.source],
} satisfies Record<string, Reading>

type Reading = (finding: Finding, event: FindingEvent | null) => readonly unknown[]

/**
 * Counts what the rules found by the values of fields, the least frequent first: what happened once on one host is what an analyst
 * wants to see. A field is one of every finding, a column that a rule returned, or a field of the events, by its name in any case.
 */
export function stackBy({ findings }: Report, fields: readonly string[]): Stacked {
  if (findings.length === 0) return { ok: true, stacks: [] }
  const names = namesOf(findings)
  const readings: Reading[] = []
  for (const field of fields) {
    const known = names.get(field.toLowerCase())
    if (known === undefined) return refuse(field, names)
    readings.push(known.read)
  }
  const stacks = new Map<string, Counting>()
  for (const finding of findings) {
    for (const event of finding.events.length === 0 ? [null] : finding.events) {
      for (const values of combinations(readings.map((read) => textsOf(read(finding, event))))) {
        const key = JSON.stringify(values)
        const stack = stacks.get(key) ?? new Counting(values)
        stacks.set(key, stack)
        stack.add(finding, event)
      }
    }
  }
  return {
    ok: true,
    stacks: [...stacks.values()].map((stack) => stack.done()).sort(rarestFirst),
  }
}

interface Field {
  /** As the logs write it. */
  readonly name: string
  readonly read: Reading
}

/** The fields there are, by their names in lower case. */
function namesOf(findings: readonly Finding[]): ReadonlyMap<string, Field> {
  const spellings = new Map<string, Set<string>>()
  const note = (name: string): void => {
    const known = spellings.get(name.toLowerCase())
    if (known) known.add(name)
    else spellings.set(name.toLowerCase(), new Set([name]))
  }
  for (const finding of findings) {
    Object.keys(finding.columns).forEach(note)
    for (const { fields } of finding.events) Object.keys(fields).forEach(note)
  }
  const own = Object.entries(OWN).map(([name, read]): [string, Field] => [name, { name, read }])
  const named = [...spellings].map(([key, [name, ...others]]): [string, Field] => [
    key,
    { name: name!, read: readingOf([name!, ...others]) },
  ])
  return new Map([...named, ...own])
}

/** What the event says goes before what the rule returned: a rule may return many events in one row. */
const readingOf =
  (names: readonly string[]): Reading =>
  (finding, event) => {
    for (const from of [event?.fields ?? {}, finding.columns])
      for (const name of names) if (Object.hasOwn(from, name)) return [from[name]]
    return []
  }

/** A finding without a value is counted under the empty text. */
function textsOf(values: readonly unknown[]): readonly string[] {
  const texts = [...new Set(values.map(valueText))]
  return texts.length === 0 ? [''] : texts
}

const combinations = (parts: readonly (readonly string[])[]): readonly (readonly string[])[] =>
  parts.reduce<readonly (readonly string[])[]>(
    (rows, texts) => rows.flatMap((row) => texts.map((text) => [...row, text])),
    [[]],
  )

class Counting {
  private readonly findings = new Set<Finding>()
  private readonly hosts = new Set<string>()
  private readonly rules = new Set<string>()
  private events = 0
  private first: string | null = null
  private last: string | null = null

  constructor(private readonly values: readonly string[]) {}

  add(finding: Finding, event: FindingEvent | null): void {
    this.findings.add(finding)
    this.rules.add(finding.rule)
    if (finding.host !== null) this.hosts.add(finding.host.toLowerCase())
    if (event !== null) this.events++
    const time = event?.time ?? finding.time
    if (time === null) return
    if (this.first === null || time < this.first) this.first = time
    if (this.last === null || time > this.last) this.last = time
  }

  done(): Stack {
    return {
      values: this.values,
      findings: this.findings.size,
      events: this.events,
      hosts: this.hosts.size,
      rules: this.rules.size,
      firstSeen: this.first,
      lastSeen: this.last,
    }
  }
}

function rarestFirst(a: Stack, b: Stack): number {
  const [left, right] = [JSON.stringify(a.values), JSON.stringify(b.values)]
  return a.findings - b.findings || a.events - b.events || (left < right ? -1 : left > right ? 1 : 0)
}

function refuse(unknown: string, names: ReadonlyMap<string, Field>): Stacked {
  const own = Object.keys(OWN)
  const others = [...names].filter(([key]) => !Object.hasOwn(OWN, key)).map(([, { name }]) => name)
  const fields = [...own, ...others.sort()]
  return { ok: false, unknown, closest: closestName(unknown, fields), fields }
}
