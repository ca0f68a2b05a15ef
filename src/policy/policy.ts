import type { BlockList } from 'node:net'
import type { Span } from '../text/span.js'

/**
 * Who may use which remote access tool: `policy.yaml` as data. What a file may say is in `content/published/policy.schema.json`, and
 * what the words mean in this room's README.
 */
export interface Policy {
  readonly name: string
  readonly entries: readonly Entry[]
  readonly prohibited: readonly Entry[]
}

/** One approved use, or one that is prohibited. Every constraint that is there must hold; one that is left out asks for nothing. */
export interface Entry {
  readonly id: string
  readonly span: Span
  readonly prohibits: boolean
  /** Catalogue ids of the tools that the entry speaks of. */
  readonly tools: ReadonlySet<string>
  /** For people: the tools' names, `category RMM`. */
  readonly toolText: string
  /** Alternatives: of one of them, every fact must be shown. */
  readonly tenant: readonly TenantTerms[] | undefined
  readonly signers: readonly Pattern[] | undefined
  readonly paths: readonly Pattern[] | undefined
  readonly hosts: readonly HostTerms[] | undefined
  readonly users: readonly Pattern[] | undefined
  readonly parents: readonly Pattern[] | undefined
  readonly launch: readonly Pattern[] | undefined
  readonly windows: readonly TimeWindow[] | undefined
  /** Microseconds: from here on the entry approves nothing. */
  readonly expires: number | undefined
  /** Constraints of which the author accepts that no telemetry shows them. */
  readonly acceptNotShown: ReadonlySet<ConstraintName>
  /** An entry that nobody has confirmed approves nothing. */
  readonly confirmed: boolean
  readonly ticket: string | undefined
  readonly owner: string | undefined
  readonly comment: string | undefined
}

/** Fact of the instance, as tenant parsing names it → the values that will do. */
export type TenantTerms = ReadonlyMap<string, readonly Pattern[]>

/** A text compared whole and without case, where `*` stands for any run of characters and `?` for one. */
export interface Pattern {
  readonly text: string
  readonly glob: string
  readonly span: Span
}

/** A host pattern, a network, or a group of both. */
export interface HostTerms {
  /** As the entry says it. */
  readonly text: string
  /** What it stands for: names, globs and networks in the order given. */
  readonly patterns: readonly string[]
  readonly names: ReadonlySet<string>
  readonly globs: readonly string[]
  readonly networks: BlockList | undefined
}

/** Hours of some days of the week, on the clocks of a place. */
export interface TimeWindow {
  readonly text: string
  /** 1 Monday to 7 Sunday: the day on which it begins. */
  readonly days: ReadonlySet<number>
  /** Minutes of the day; where `to` is not after `from`, it ends on the next day. */
  readonly from: number
  readonly to: number
  readonly timeZone: string
}

/** What an entry can ask for beside the tool, in the order in which it is told. */
export const CONSTRAINTS = [
  'tenant',
  'hosts',
  'signers',
  'paths',
  'users',
  'parents',
  'launch',
  'windows',
  'expires',
] as const

export type ConstraintName = (typeof CONSTRAINTS)[number]

/** What is made of a sighting, from the least to the most grave. */
export const VERDICTS = [
  'approved',
  'expired',
  'approved-but-deviating',
  'unknown',
  'wrong-tenant',
  'prohibited',
] as const

export type Verdict = (typeof VERDICTS)[number]
