import { matchesGlob } from '../detection/identity/glob.js'
import { loadCatalogue, type Tool } from '../detection/identity/index.js'
import { formatTime } from '../telemetry/time.js'
import { type Diagnostic, diagnose } from '../text/diagnostic.js'
import type { Entry, Pattern, Policy } from './policy.js'

/**
 * What is unwise in a policy that can be read: entries that would approve an intruder who brings the same product, entries that approve
 * nothing, entries that nobody answers for. `now` is in microseconds.
 */
export function checkPolicy(policy: Policy, now: number, tools: readonly Tool[] = loadCatalogue().tools): Diagnostic[] {
  const byId = new Map(tools.map((tool) => [tool.id, tool]))
  return [
    ...policy.entries.flatMap((entry) => checkEntry(entry, byId, now)),
    ...policy.prohibited.flatMap((entry) => tenantFacts(entry, byId)),
  ]
}

function checkEntry(entry: Entry, tools: ReadonlyMap<string, Tool>, now: number): Diagnostic[] {
  const { id, span, expires } = entry
  // What approves nothing need not be narrow yet.
  if (!entry.confirmed) return [...tenantFacts(entry, tools), diagnose('policy-not-confirmed', span, { id })]
  const found: Diagnostic[] = [...tenantFacts(entry, tools), ...everybodys(entry, tools)]
  const own = [...entry.tools].flatMap((tool) => tools.get(tool) ?? [])
  if (entry.tenant === undefined) {
    const named = own.find((tool) => factsOf(tool).length > 0)
    const bounded = someOf(entry.signers) || someOf(entry.paths)
    if (!bounded) found.push(diagnose('policy-name-alone', span, { id, tools: entry.toolText }))
    else if (named) found.push(diagnose('policy-without-tenant', span, { id, tool: named.name, facts: factsOf(named) }))
  }
  for (const name of ['tenant', 'signers', 'paths'] as const)
    if (entry[name] !== undefined && entry.acceptNotShown.has(name))
      found.push(diagnose('policy-blind', span, { id, name }))
  if (expires === undefined) found.push(diagnose('policy-unlimited', span, { id, key: 'expires' }))
  else if (expires <= now) found.push(diagnose('policy-ended', span, { id, when: formatTime(expires) }))
  if (entry.owner === undefined) found.push(diagnose('policy-unlimited', span, { id, key: 'owner' }))
  return found
}

/** Patterns that say something: `*` alone is no constraint. */
const someOf = (patterns: readonly Pattern[] | undefined): boolean =>
  patterns?.every(({ glob }) => !/^[*?\\]*$/.test(glob)) === true && patterns.length > 0

/** Facts of an instance that telemetry can show of the tool. */
export function factsOf(tool: Tool): readonly string[] {
  const names = (tool.tenant ?? []).flatMap(({ pattern, query, switches }) => [
    ...[...(pattern ?? '').matchAll(/\(\?<(\w+)>/g)].map(([, name]) => name!),
    ...Object.values(query ?? {}),
    ...Object.values(switches ?? {}),
  ])
  return [...new Set(names)]
}

function tenantFacts(entry: Entry, tools: ReadonlyMap<string, Tool>): Diagnostic[] {
  const own = [...entry.tools].flatMap((id) => tools.get(id) ?? [])
  if (own.length === 0) return []
  const known = new Set(own.flatMap(factsOf))
  return (entry.tenant ?? []).flatMap((terms) =>
    [...terms]
      .filter(([name]) => !known.has(name))
      .map(([name, patterns]) =>
        diagnose('policy-unknown-tenant-fact', patterns[0]?.span ?? entry.span, {
          name,
          tool: entry.toolText,
          known: [...known],
        }),
      ),
  )
}

/** A stranger's instance at the vendor, as it would be called. */
const STRANGER = 'zzzzzz'

function everybodys(entry: Entry, tools: ReadonlyMap<string, Tool>): Diagnostic[] {
  const domains = [...entry.tools].flatMap((id) =>
    (tools.get(id)?.domains ?? []).map(({ value }) => value.toLowerCase()),
  )
  return (entry.tenant ?? []).flatMap((terms) => {
    // One telling fact is enough, whatever the others leave open.
    const loose = [...terms.values()].flat().flatMap((pattern) => {
      const why = looseness(pattern.glob, domains)
      return why === undefined ? [] : [diagnose('policy-any-tenant', pattern.span, { value: pattern.text, why })]
    })
    const facts = [...terms.values()].filter((patterns) =>
      patterns.every(({ glob }) => looseness(glob, domains) === undefined),
    )
    return facts.length > 0 ? [] : loose
  })
}

function looseness(glob: string, domains: readonly string[]): string | undefined {
  if (/^[*?.:]*$/.test(glob)) return 'it fits any value'
  if (/^\d{1,5}$/.test(glob)) return 'it is a number that many instances have'
  const domain = domains.find((each) => glob === each || matchesGlob(glob, `${STRANGER}.${each}`))
  if (domain !== undefined) return `the vendor gives every customer a name below ${domain}`
  const filled = glob.replace(/\*+|\?+/g, STRANGER)
  const vendor = domains.find((each) => /[*?]/.test(glob) && filled.endsWith(`.${each}`))
  return vendor === undefined ? undefined : `the vendor gives every customer a name below ${vendor}`
}
