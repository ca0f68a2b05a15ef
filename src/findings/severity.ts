import { loadContent } from '../content/load.js'
import type { Rule } from '../detection/rules.js'
import { periodMicros } from '../detection/rules.js'
import type { Verdict } from '../policy/index.js'
import { parseTime } from '../telemetry/time.js'
import { tellingPart } from './instances.js'
import { type Finding, type InventoryEntry, LEVELS, type Level, type Severity } from './report.js'

/** `content/severity`: the figures, and what they mean. */
interface Figures {
  readonly behaviour: Readonly<Record<Level, number>>
  readonly sighting: Readonly<Record<InventoryEntry['state'], number>>
  readonly verdict: Readonly<Record<Verdict, number>>
  readonly approved_but_stands_alone: number
  readonly prevalence: readonly Step[]
  readonly recency: readonly Step[]
  readonly breadth: readonly Step[]
  readonly levels: Readonly<Record<Level, number>>
}

interface Step {
  readonly hosts?: number
  readonly share?: number
  readonly of_hosts?: number
  readonly within?: string
  readonly tools?: number
  readonly factor: number
  readonly says: string
}

let loaded: Figures | undefined

function figures(): Figures {
  loaded ??= loadContent<Figures>('severity')[0]
  if (!loaded) throw new Error('content/severity is empty')
  return loaded
}

/** Tells how grave findings and sightings are among everything that a scan saw. */
export class Scale {
  private readonly entries = new Map<string, InventoryEntry>()
  /** Hosts by tool and instance. */
  private readonly hosts = new Map<string, Set<string>>()

  constructor(
    inventory: readonly InventoryEntry[],
    private readonly fleet: { readonly hosts: number; readonly asOf: number; readonly hasPolicy: boolean },
  ) {
    for (const entry of inventory) {
      this.entries.set(pair(entry.tool, entry.host), entry)
      const key = instanceKey(entry)
      this.hosts.set(key, (this.hosts.get(key) ?? new Set()).add(entry.host.toLowerCase()))
    }
  }

  /** The entry of the inventory that a finding is about. */
  entryOf({ tool, host }: Pick<Finding, 'tool' | 'host'>): InventoryEntry | undefined {
    return tool === null || host === null ? undefined : this.entries.get(pair(tool, host))
  }

  /**
   * A finding of ours with its sum. A rule of the user's means what it says, and a match that names no tool was already weighed: both are
   * given back as they are, as is a finding whose tool is not in the inventory, unless the rule stands alone.
   */
  weigh(finding: Finding, rule: Pick<Rule, 'given' | 'stands_alone' | 'behaviour'>): Finding {
    const entry = this.entryOf(finding)
    if (rule.given || (entry === undefined && rule.stands_alone !== true)) return finding
    const { behaviour, approved_but_stands_alone: alone } = figures()
    const what = rule.behaviour === undefined ? 'behaviour' : `behaviour ${rule.behaviour}`
    const terms: Severity['terms'] = [
      { of: 'behaviour', says: `${what}, ${finding.level}`, factor: behaviour[finding.level] },
    ]
    const verdict = entry && this.verdictTerm(entry.verdict)
    const standing =
      verdict && rule.stands_alone === true && verdict.factor < alone
        ? { ...verdict, factor: alone, says: `${verdict.says}, and no ordinary use` }
        : verdict
    const severity = sumOf([
      ...terms,
      ...(standing ? [standing] : []),
      ...(entry ? [this.prevalenceTerm(entry)] : []),
      this.recencyTerm(finding.time),
    ])
    return { ...finding, level: severity.level, severity }
  }

  /** A sighting by itself, whatever rules found. */
  ofEntry(entry: InventoryEntry): Severity {
    return sumOf([
      { of: 'sighting', says: entry.state, factor: figures().sighting[entry.state] },
      this.verdictTerm(entry.verdict),
      this.prevalenceTerm(entry),
      this.recencyTerm(entry.lastSeen),
    ])
  }

  /** Hosts that show the tool of an entry with its instance. */
  hostsWith(entry: InventoryEntry): number {
    return this.hosts.get(instanceKey(entry))?.size ?? 1
  }

  private verdictTerm(verdict: Verdict): Term {
    const says = this.fleet.hasPolicy ? verdict : 'no policy'
    return { of: 'verdict', says, factor: figures().verdict[verdict] }
  }

  private prevalenceTerm(entry: InventoryEntry): Term {
    const hosts = this.hostsWith(entry)
    const all = Math.max(this.fleet.hosts, hosts)
    const step = figures().prevalence.find(
      (each) =>
        (each.hosts === undefined || hosts <= each.hosts) &&
        (each.share === undefined || hosts / all >= each.share) &&
        (each.of_hosts === undefined || all >= each.of_hosts),
    )
    return { of: 'prevalence', says: `${step!.says}: ${hosts} of ${all}`, factor: step!.factor }
  }

  private recencyTerm(time: string | null): Term {
    const micros = time === null ? undefined : parseTime(time)?.micros
    const ago = micros === undefined ? 0 : this.fleet.asOf - micros
    const step = figures().recency.find(({ within }) => within === undefined || ago <= periodMicros(within))
    return {
      of: 'recency',
      says: micros === undefined ? 'time unknown, taken as now' : step!.says,
      factor: step!.factor,
    }
  }
}

type Term = Severity['terms'][number]

/** An incident's sum: its gravest part, times how many tools belong to it. */
export function broadened(gravest: Severity, tools: number): Severity {
  const step = figures().breadth.find((each) => each.tools === undefined || tools >= each.tools)!
  return sumOf([...gravest.terms, { of: 'breadth', says: step.says, factor: step.factor }])
}

function sumOf(terms: Severity['terms']): Severity {
  const score = Math.min(100, Math.round(terms.reduce((product, { factor }) => product * factor, 1) * 10) / 10)
  const { levels } = figures()
  const level = LEVELS.findLast((each) => score >= levels[each]) ?? 'informational'
  const told = terms.map(({ says, factor }) => `${factor} (${says})`).join(' × ')
  return { score, level, terms, arithmetic: `${told} = ${score}: ${level}, from ${levels[level]} on` }
}

const pair = (tool: string, host: string): string => JSON.stringify([tool.toLowerCase(), host.toLowerCase()])

const instanceKey = ({ toolId, tenant }: InventoryEntry): string =>
  JSON.stringify([toolId, tenant === null ? null : tellingPart(tenant)])
