/** What telemetry shows of a tool, in the terms that a policy can ask about. */

/** What telemetry shows of one use of a tool on a host: events that are alike in all that a policy can ask of them. */
export interface Fact {
  /** `run`: its program started; `child`: it started another; `act`: its program did something else; `trace`: a mention. */
  readonly what: 'run' | 'child' | 'session' | 'install' | 'act' | 'network' | 'trace'
  /** `DOMAIN\name`; null where no event shows it. */
  readonly user: string | null
  readonly path: string | null
  readonly signer: string | null
  /** Base name of the program that started it, and what kind of program that is. */
  readonly parent: string | null
  readonly launch: string | null
  /** For each entry with windows, by its id: whether the events lie in them; null where their time is not known. */
  readonly inWindows: ReadonlyMap<string, boolean | null>
  /** Positions of the instances that the events show; empty where they show none. */
  readonly instances: readonly number[]
  readonly events: number
  /** Microseconds. */
  readonly first: number | null
  readonly last: number | null
}

/** One tool on one host, as it is judged. */
export interface Sighting {
  readonly toolId: string
  readonly host: string
  readonly addresses: readonly string[]
  readonly instances: readonly Readonly<Record<string, string>>[]
  readonly facts: readonly Fact[]
}

/** One instance of a tool on a host, with the facts that are held against it. */
export interface Case {
  readonly toolId: string
  readonly host: string
  readonly addresses: readonly string[]
  readonly tenant: Readonly<Record<string, string>> | null
  readonly facts: readonly Fact[]
}
