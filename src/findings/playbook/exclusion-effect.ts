import { storeTables } from '../../backends/duckdb/tables.js'
import { runReference } from '../../backends/reference/index.js'
import { eventRow } from '../../detection/explain/event-row.js'
import { lowerQuery } from '../../detection/lower-query.js'
import type { Exclusion, Rule } from '../../detection/rules.js'
import type { Finding, InventoryEntry } from '../report.js'

/** What an exclusion would do to the findings that are there. */
export interface ExclusionEffect {
  /** Findings of the rule. */
  readonly of: number
  /** Of these, the ones that would no longer be shown. */
  readonly hides: number
  /** Of the hidden, those of tools that the policy approves: what is gained. The rest is what it costs. */
  readonly approved: number
}

/** Which findings of a rule an exclusion would hide; null where the columns of a finding do not tell. */
export function effectOf(
  rule: Rule,
  exclusion: Exclusion,
  findings: readonly Finding[],
  inventory: readonly InventoryEntry[],
): ExclusionEffect | null {
  const own = findings.filter((finding) => finding.rule === rule.id)
  if (own.length === 0 || exclusion.on === 'table') return null
  const whole = lowerQuery(rule.query, { asOf: 0, schema: storeTables().schema })
  if (!whole.ok) return null
  // The result of the rule as a table, with the number of the finding beside it.
  const columns = [
    ...whole.query.body.columns.map(({ name, type }) => ({ name, type })),
    { name: NUMBER, type: 'long' as const },
  ]
  const tables = new Map([[TABLE.toLowerCase(), { name: TABLE, columns, filled: true }]])
  const kept = lowerQuery(`${TABLE} | where ${exclusion.where.trim()} | project ${NUMBER}`, {
    asOf: 0,
    schema: { tables },
  })
  if (!kept.ok) return null
  const rows = own.map((finding, index) => eventRow(columns, { ...finding.columns, [NUMBER]: index }).row)
  const hidden = runReference(kept.query, () => rows).rows.map(([number]) => own[Number(number)]!)
  const approved = new Set(
    inventory.filter(({ verdict }) => verdict === 'approved').map(({ tool, host }) => keyOf(tool, host)),
  )
  return {
    of: own.length,
    hides: hidden.length,
    approved: hidden.filter(({ tool, host }) => tool !== null && host !== null && approved.has(keyOf(tool, host)))
      .length,
  }
}

const TABLE = 'RuleResult'
const NUMBER = 'FindingNumber'
const keyOf = (tool: string, host: string): string => `${tool}\n${host.toLowerCase()}`

/** The effect in words. */
export function effectWords({ of, hides, approved }: ExclusionEffect): string {
  if (hides === 0) return `Here it would hide none of ${of}.`
  const lost = hides - approved
  return `Here it would hide ${hides} of ${of}: ${approved} of approved tools, ${lost} of tools that nobody approved.`
}
