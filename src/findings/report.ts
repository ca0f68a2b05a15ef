import { CONFIDENCE_RANK, type Confidence } from '../detection/identity/confidence.js'
import type { AppliedEntry } from '../detection/overlay/apply-overlay.js'
import type { Judgement, Verdict } from '../policy/index.js'

/**
 * The report of a scan, as data. It is what `--format json` prints, what every other format is drawn from, and what
 * `content/published/report.schema.json` describes.
 */
export interface Report {
  readonly latchkey: { readonly version: string; readonly format: 1 }
  readonly summary: Summary
  readonly inventory: readonly InventoryEntry[]
  /** What belongs together, told in order; the gravest first. */
  readonly incidents: readonly Incident[]
  readonly findings: readonly Finding[]
}

export interface Summary {
  readonly files: {
    readonly read: number
    /** Files, or members of archives, of which nothing could be read. */
    readonly rejected: number
    /** Files whose content had been read before under another name or in an earlier run. */
    readonly duplicate: number
    readonly bytes: number
  }
  readonly records: {
    readonly read: number
    readonly stored: number
    /** Records already in the store. */
    readonly duplicate: number
    /** Records that were found damaged. */
    readonly rejected: number
    /** Records that no schema map covers; they are stored with their original fields. */
    readonly unmapped: number
    readonly withoutTime: number
    /** Records whose time was written without a zone and was taken as UTC. */
    readonly timeAssumedUtc: number
  }
  readonly events: readonly {
    readonly channel: string
    readonly provider: string
    readonly id: number | null
    readonly table: string | null
    readonly count: number
  }[]
  readonly hosts: number
  readonly timeRange: { readonly first: string; readonly last: string } | null
  /** The clock that `ago()` and `now()` were taken against, and where it came from. */
  readonly asOf: { readonly time: string; readonly from: 'newest event' | 'option' | 'wall clock' }
  readonly rejected: readonly Rejection[]
  readonly sources: {
    readonly mapped: readonly { readonly schema: string; readonly records: number }[]
    readonly unmapped: readonly { readonly channel: string; readonly provider: string; readonly records: number }[]
  }
  /** The policy that everything was held to; null where none was given. */
  readonly policy: {
    readonly file: string
    readonly name: string
    readonly entries: number
    readonly prohibited: number
    /** Entries that nobody has confirmed; they approve nothing. */
    readonly unconfirmed: number
  } | null
  /** What an overlay changed about the rules, where one was given. */
  readonly overlay?: {
    readonly file: string
    readonly entries: readonly AppliedEntry[]
  }
  readonly rules: readonly {
    readonly id: string
    readonly title: string
    readonly matches: number
    readonly note: string | null
    /** `not-applicable`: nothing that was read is a log that the rule is about; `note` names the log. Without it the rule ran. */
    readonly outcome?: 'ran' | 'not-applicable' | 'refused'
  }[]
  readonly seconds: number
}

/** Something that was not read, and why. Alike reasons of one file are one row. */
export interface Rejection {
  readonly file: string
  readonly code: string
  readonly reason: string
  /** First place: byte offset, line or element. */
  readonly position: number | null
  /** Records lost; null where it cannot be known. */
  readonly records: number | null
  /** How often this reason was met in this file. */
  readonly count: number
}

export type { Confidence, Judgement, Verdict }

export interface Evidence {
  /** What was looked at: signer, company, product, original-file-name, executable, service, path, domain, port, event-provider ... */
  readonly kind: string
  /** The value in the telemetry. */
  readonly value: string
  readonly confidence: Confidence
  readonly count: number
}

/** One tool on one host. */
export interface InventoryEntry {
  readonly tool: string
  /** Stable id of the tool in the catalogue. */
  readonly toolId: string
  readonly category: string
  readonly host: string
  readonly users: readonly string[]
  readonly firstSeen: string | null
  readonly lastSeen: string | null
  readonly events: number
  /** Events by stretch of time, each at its start, in order, stretches without events left out: what a timeline draws. A few hundred at most. */
  readonly activity?: readonly { readonly time: string; readonly events: number }[]
  /** How it was started, most frequent first, as `service`, `user`, `script`, `browser`, `installer`, `session`; `unknown` where no process event shows it. */
  readonly launch: readonly { readonly how: string; readonly parent: string; readonly count: number }[]
  readonly paths: readonly string[]
  /** `at work`: it ran, connected, was installed or logged; `trace`: only files, registry values or names of it. */
  readonly state: 'at work' | 'trace'
  readonly identity: { readonly confidence: Confidence; readonly evidence: readonly Evidence[] }
  /** Whose instance it is, where the evidence shows it. */
  readonly tenant: Readonly<Record<string, string>> | null
  /** Further instances on the same host, where the evidence shows more than one. */
  readonly otherTenants?: readonly Readonly<Record<string, string>>[]
  /** What the policy makes of it: the gravest of its instances. `unknown` without a policy. */
  readonly verdict: Verdict
  /** One a instance, gravest first; none without a policy. */
  readonly judgements?: readonly Judgement[]
}

/** From how it came to how it went. */
export type Stage = 'delivery' | 'installation' | 'persistence' | 'execution' | 'session' | 'activity' | 'removal'

/** One story: a tool on a host, or several that hang together by an instance, a program, a logon or an address. */
export interface Incident {
  /** The same in every scan that shows its first chain. */
  readonly id: string
  readonly title: string
  readonly level: Level
  readonly severity: Severity
  readonly verdict: Verdict
  readonly firstSeen: string | null
  readonly lastSeen: string | null
  /** What happened, in a few sentences. */
  readonly summary: string
  /** In the order in which they began; the first hundred. */
  readonly chains: readonly Chain[]
  /** Chains that are not told: there are too many. */
  readonly moreChains: number
  /** Why the chains are one story. */
  readonly links: readonly { readonly from: string; readonly to: string; readonly why: string }[]
  readonly techniques: readonly string[]
  /** What an analyst decided; null where nobody has, or where something new has come since. */
  readonly decision: Decision | null
  /** Why an earlier decision no longer holds; null where there is none or it holds. */
  readonly reopened: string | null
}

/** One tool on one host, from delivery to removal. */
export interface Chain {
  readonly id: string
  readonly tool: string
  readonly toolId: string
  readonly host: string
  readonly verdict: Verdict
  readonly reason: string | null
  readonly tenant: Readonly<Record<string, string>> | null
  readonly otherTenants?: readonly Readonly<Record<string, string>>[]
  readonly users: readonly string[]
  readonly firstSeen: string | null
  readonly lastSeen: string | null
  readonly prevalence: {
    /** First of the tool on any host. */
    readonly firstInFleet: string | null
    readonly hosts: number
    readonly hostsWithTool: number
    readonly hostsWithInstance: number
    /** Distinct instances of the tool in the fleet. */
    readonly instancesOfTool: number
  }
  /** How it came; null where no event shows it. */
  readonly delivery: Delivery | null
  readonly steps: readonly StoryStep[]
  readonly moreSteps: number
  readonly processes: readonly ProcessNode[]
  /** Rules that fired for the tool on the host, gravest first. */
  readonly findings: readonly {
    readonly rule: string
    readonly title: string
    readonly level: Level
    readonly count: number
  }[]
}

export interface Delivery {
  readonly how: 'mail' | 'browser' | 'software distribution' | 'over the network' | 'another tool' | 'script' | 'local'
  /** The file that was brought. */
  readonly file: string
  /** Address that it came from. */
  readonly from: string | null
  /** Programs that brought it, the first first. */
  readonly by: readonly string[]
  /** Who had logged on over the network just before, and from where. */
  readonly account: string | null
  readonly time: string | null
}

export interface StoryStep {
  readonly stage: Stage
  readonly time: string | null
  /** Time of the last, where alike events went on. */
  readonly until: string | null
  readonly events: number
  readonly what: string
  readonly user: string | null
  readonly source: string | null
  readonly position: number | null
}

/** A process with what it started. */
export interface ProcessNode {
  readonly name: string
  readonly command: string
  readonly user: string | null
  readonly time: string | null
  /** It is a program of the tool. */
  readonly tool: boolean
  readonly children: readonly ProcessNode[]
}

/** What an analyst made of an incident. */
export interface Decision {
  readonly verdict: 'benign' | 'expected' | 'malicious' | 'undecided'
  readonly note: string
  readonly by: string | null
  readonly at: string
}

/** A level as a product whose factors are shown. */
export interface Severity {
  /** Points, at most 100. */
  readonly score: number
  readonly level: Level
  readonly terms: readonly {
    readonly of: 'behaviour' | 'sighting' | 'verdict' | 'prevalence' | 'recency' | 'breadth'
    readonly says: string
    /** Points for the first, a factor for the rest. */
    readonly factor: number
  }[]
  /** The same in one line. */
  readonly arithmetic: string
}

export type Level = 'informational' | 'low' | 'medium' | 'high' | 'critical'

export interface Finding {
  readonly rule: string
  readonly title: string
  readonly level: Level
  readonly techniques: readonly string[]
  readonly tool: string | null
  readonly host: string | null
  readonly user: string | null
  readonly time: string | null
  /** The columns that the rule's query returned. */
  readonly columns: Readonly<Record<string, unknown>>
  /** In a sentence: what made it fire. */
  readonly why: string
  /** How its level came about; left out where the level is what the rule says. */
  readonly severity?: Severity
  readonly events: readonly FindingEvent[]
  /** What the rule says of itself, where it comes from a Sigma file. */
  readonly about?: RuleAbout
  /** Set where alike findings were made one: how many they were, and the times of the first and the last. */
  readonly repeats?: Repeats
}

export interface Repeats {
  readonly count: number
  readonly first: string
  readonly last: string
}

export interface RuleAbout {
  readonly file: string
  readonly id: string | null
  readonly status: string | null
  /** The level as the file has it; the finding's is the nearest of ours. */
  readonly level: string | null
  readonly description: string
  readonly author: string | null
  readonly date: string | null
  readonly modified: string | null
  readonly tags: readonly string[]
  readonly references: readonly string[]
  readonly falsePositives: readonly string[]
  /** What an overlay changed about the rule, in sentences. */
  readonly overlay?: readonly string[]
  /** `category process_creation, product windows`; empty for a correlation. */
  readonly logsource: string
}

export interface FindingEvent {
  readonly source: string
  readonly position: number
  readonly time: string | null
  readonly channel: string
  readonly id: number | null
  readonly record: number | null
  readonly fields: Readonly<Record<string, unknown>>
}

/** From the least to the most severe. */
export const LEVELS: readonly Level[] = ['informational', 'low', 'medium', 'high', 'critical']

/** From the least to the most sure. */
export const CONFIDENCES = Object.keys(CONFIDENCE_RANK) as readonly Confidence[]
