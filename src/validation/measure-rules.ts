import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ingest } from '../backends/duckdb/ingest.js'
import { Store } from '../backends/duckdb/store.js'
import type { Rule } from '../detection/rules.js'
import { loadModel } from '../events/model.js'
import type { Finding } from '../findings/report.js'
import { reportOf } from '../findings/scan.js'
import { collectionOf, type Mutation, mutated } from './mutate.js'
import { replay } from './replay.js'
import type { Scenario } from './scenario.js'
import { shippedLines } from './windows-records.js'

/** A behaviour of a story under a mutation, and the rules that saw it. */
export interface Sighted {
  readonly behaviour: string
  readonly scenario: string
  readonly mutation: Mutation
  /** Rules of the behaviour that fired on its host. */
  readonly caughtBy: readonly string[]
  /** Rules of other behaviours that fired there all the same. */
  readonly besides: readonly string[]
}

/** Stories begin on a Monday morning. */
const START = Date.UTC(2026, 1, 2, 8) * 1000

/**
 * Plays the stories under one mutation, each on machines of its own in one store, and gives which rules saw what they show. The stories
 * that show no behaviour are played beside them, unchanged, so that a rule that compares hosts has others to compare with.
 */
export async function sightings(
  scenarios: readonly Scenario[],
  mutation: Mutation,
  rules: readonly Rule[],
): Promise<readonly Sighted[]> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-validation-'))
  const store = await Store.open(loadModel(), { memoryLimit: '512MB' })
  try {
    for (const [index, scenario] of scenarios.entries()) {
      const played = replay(scenario, { start: START, prefix: `s${index}` })
      const shown = scenario.expected.behaviours ? mutated(played, mutation) : played
      const collection = scenario.expected.behaviours ? collectionOf(mutation) : {}
      writeFileSync(join(folder, `${scenario.id}.ndjson`), `${[...shippedLines(shown, collection)].join('\n')}\n`)
    }
    const read = await ingest(store, [folder], { threads: 0 })
    const report = await reportOf(store, {
      read,
      asOf: undefined,
      since: undefined,
      until: undefined,
      rules,
      allTools: false,
      seconds: () => 0,
    })
    const byHost = new Map<string, Finding[]>()
    for (const finding of report.findings) {
      const host = shortName(finding.host ?? '')
      byHost.set(host, [...(byHost.get(host) ?? []), finding])
    }
    const behaviourOf = new Map(rules.map(({ id, behaviour }) => [id, behaviour]))
    return scenarios.flatMap((scenario, index) =>
      (scenario.expected.behaviours ?? []).map(({ behaviour, host }): Sighted => {
        const found = byHost.get(shortName(`s${index}-${host}`)) ?? []
        const own = found.filter(({ rule }) => behaviourOf.get(rule) === behaviour)
        const other = found.filter(
          ({ rule, level }) => behaviourOf.get(rule) !== behaviour && level !== 'informational',
        )
        const ids = (list: readonly Finding[]): readonly string[] => [...new Set(list.map(({ rule }) => rule))].sort()
        return { behaviour, scenario: scenario.id, mutation, caughtBy: ids(own), besides: ids(other) }
      }),
    )
  } finally {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

const shortName = (host: string): string => host.toLowerCase().split('.')[0]!
