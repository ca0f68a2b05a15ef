import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ingest } from '../../backends/duckdb/ingest.js'
import { Store } from '../../backends/duckdb/store.js'
import { loadModel } from '../../events/model.js'
import { inventoryOf } from '../../findings/inventory.js'
import { judgingOf } from '../../findings/judging.js'
import type { InventoryEntry } from '../../findings/report.js'
import type { Policy, Verdict } from '../../policy/index.js'
import { shippedLines } from '../windows-records.js'
import { type Attack, attacksOn } from './attacks.js'

/** What a policy makes of one attack. */
export interface AttackResult extends Omit<Attack, 'events' | 'notPlayed'> {
  /** `not recognised`: no event names the tool, so the policy is not asked. `not played`: nothing is known of how it would look. */
  readonly verdict: Verdict | 'not recognised' | 'not played'
  readonly reason: string
  /** The policy approves it: a scan would show it as allowed. */
  readonly hidden: boolean
}

/**
 * Plays attacks where the entries of a policy would cover for them, reads them as a scan reads logs, and says which the policy approves. The
 * intruder's copy is the maker's own and signed as such, so that a signer is no obstacle to it.
 */
export async function testPolicy(policy: Policy): Promise<readonly AttackResult[]> {
  const entries = policy.entries.map((entry) => ({ ...entry, signers: undefined, confirmed: true }))
  const tested = { ...policy, entries }
  const attacks = attacksOn(tested)
  const results = new Map<Attack, AttackResult>()
  for (const round of roundsOf(attacks.filter(({ notPlayed }) => notPlayed === undefined)))
    for (const [index, result] of (await playRound(tested, round)).entries()) results.set(round[index]!, result)
  return attacks.map((attack) => results.get(attack) ?? unplayed(attack))
}

/** Attacks on hosts of one name must not meet in one store. */
function roundsOf(attacks: readonly Attack[]): readonly (readonly Attack[])[] {
  const rounds: { hosts: Set<string>; attacks: Attack[] }[] = []
  for (const attack of attacks) {
    const names = new Set(attack.events.map(({ host }) => host.fqdn))
    const free = rounds.find(({ hosts }) => [...names].every((name) => !hosts.has(name)))
    if (free) {
      free.attacks.push(attack)
      for (const name of names) free.hosts.add(name)
    } else rounds.push({ hosts: names, attacks: [attack] })
  }
  return rounds.map(({ attacks: own }) => own)
}

async function playRound(policy: Policy, attacks: readonly Attack[]): Promise<readonly AttackResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-policy-'))
  const store = await Store.open(loadModel(), { memoryLimit: '512MB' })
  try {
    const lines = attacks.flatMap(({ events }) => [...shippedLines(events)])
    const file = join(folder, 'attacks.ndjson')
    writeFileSync(file, `${lines.join('\n')}\n`)
    await ingest(store, [file], { threads: 0 })
    const judging = await judgingOf(store, policy)
    const inventory = await inventoryOf(store, { allTools: true, stretches: undefined, judging })
    return attacks.map((attack) => resultOf(attack, inventory))
  } finally {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

const unplayed = ({ events: _, notPlayed = '', ...attack }: Attack): AttackResult => ({
  ...attack,
  verdict: 'not played',
  reason: notPlayed,
  hidden: false,
})

function resultOf({ events: _, notPlayed: __, ...attack }: Attack, inventory: readonly InventoryEntry[]): AttackResult {
  const entry = inventory.find(
    ({ toolId, host }) => toolId === attack.toolId && host.toLowerCase() === attack.host.toLowerCase(),
  )
  if (!entry) return { ...attack, verdict: 'not recognised', reason: 'no event names the tool', hidden: false }
  return {
    ...attack,
    verdict: entry.verdict,
    reason: entry.judgements?.[0]?.reason ?? '',
    hidden: entry.verdict === 'approved',
  }
}
