import { type EventStore, UID_COLUMN } from '../backends/event-store.js'
import type { Query, Relation } from '../ir/relation.js'
import { reference } from '../ir/scalar.js'
import { lowerQuery } from './lower-query.js'
import type { Rule } from './rules.js'
import { savedFunctions } from './value-sets.js'

/**
 * Many rules begin with the same part of a table: a saved function without parameters that filters one table. Each that two or more rules
 * name is answered once and kept, so that a rule costs what its own conditions cost.
 */
export async function keepViews(store: EventStore, rules: readonly Rule[]): Promise<void> {
  if (!store.keepPart) return
  for (const { kind, name } of savedFunctions().values()) {
    if (kind !== 'query' || rules.filter(({ query }) => query.includes(name)).length < 2) continue
    const lowered = lowerQuery(name, { asOf: 0, schema: store.schema })
    const found = lowered.ok ? uidsOf(lowered.query) : undefined
    if (found) await store.keepPart(name, found.of, found.query)
  }
}

/** The numbers of the rows that a query gives, where it does nothing but filter one table. */
function uidsOf({ body, bindings }: Query): { readonly of: string; readonly query: Query } | undefined {
  const filtered = bindings.length > 0 ? undefined : withUid(body)
  if (!filtered) return undefined
  const { name } = UID_COLUMN
  const assignments = [{ name, value: reference(name, UID_COLUMN.type) }]
  return {
    of: filtered.of,
    query: {
      bindings: [],
      body: { kind: 'project', input: filtered.relation, assignments, columns: [UID_COLUMN], span: undefined },
    },
  }
}

function withUid(relation: Relation): { readonly of: string; readonly relation: Relation } | undefined {
  if (relation.kind === 'table')
    return { of: relation.name, relation: { ...relation, columns: [...relation.columns, UID_COLUMN] } }
  if (relation.kind !== 'filter') return undefined
  const input = withUid(relation.input)
  return input && { of: input.of, relation: { ...relation, input: input.relation, columns: input.relation.columns } }
}
