import type { Fleet } from '../../src/validation/fleet.js'

/** What a scan of the fleet must and must not list: the scenarios' expectations, with their parts cast. */
export interface Expectations {
  readonly listed: readonly Sighting[]
  readonly allowed: readonly Sighting[]
  /** Easily taken for a tool, or run where no log shows it. */
  readonly never: readonly Sighting[]
  /** Rules that must fire at least once. */
  readonly rules: readonly string[]
  readonly secrets: readonly string[]
}

export interface Sighting {
  readonly tool: string
  readonly host: string
  readonly why?: string
}

/** Everything that is neither listed nor allowed must not be listed; `never` names what is easily taken for a tool, and why it is none. */
export function expectationsOf(fleet: Fleet): Expectations {
  const listed = new Map<string, Sighting>()
  const allowed = new Map<string, Sighting>()
  const never = new Map<string, Sighting>()
  const rules = new Set<string>()
  const secrets = new Set<string>()
  for (const { scenario, cast } of fleet.performances) {
    const { expected } = scenario
    const add = (to: Map<string, Sighting>, { tool, host, why }: { tool: string; host: string; why?: string }) => {
      const name = cast.hosts[host]!.fqdn
      to.set(`${tool} ${name}`, why === undefined ? { tool, host: name } : { tool, host: name, why })
    }
    for (const one of expected.listed) add(listed, one)
    for (const one of expected.allowed ?? []) add(allowed, one)
    // What the benign stories say of all tools is the rest of the table.
    for (const one of expected.never ?? []) if (one.tool !== '*') add(never, one)
    for (const { rule } of expected.findings ?? []) rules.add(rule)
    for (const secret of expected.secrets ?? []) secrets.add(secret)
  }
  const rows = (map: Map<string, Sighting>) =>
    [...map].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, row]) => row)
  return {
    listed: rows(listed),
    allowed: rows(allowed),
    never: rows(never),
    rules: [...rules].sort(),
    secrets: [...secrets].sort(),
  }
}
