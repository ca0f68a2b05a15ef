import { quoteIdentifier, quoteText } from '../../backends/duckdb/quote.js'
import type { Store } from '../../backends/duckdb/store.js'
import type { SearchBody, SigmaDocument } from '../../dialects/sigma/index.js'
import type { EvidenceEvent } from '../evidence.js'
import type { SigmaRuleRun } from './run-rules.js'
import { resolveLogSource } from './sources.js'
import { sourceParts, widePart } from './tables.js'

/** What the findings of a set of rules show of the events behind them. */
export interface MatchedEvents {
  /** Each event once, with the columns that a finding shows, its class among them; by uid. */
  readonly events: AsyncIterable<readonly [uid: string, event: EvidenceEvent]>
  /** Values of the fields that a rule names, in the event, by field; what the event lacks is left out. */
  readonly values: (run: SigmaRuleRun, uid: string) => Readonly<Record<string, string>>
}

/** Looks up the events of the runs. The store keeps their uids in a temporary table until the next call. */
export async function matchedEvents(store: Store, runs: readonly SigmaRuleRun[]): Promise<MatchedEvents> {
  await noteUids(store, runs)
  await copyEvents(store)
  const byDocument = await valuesOf(store, runs)
  return {
    events: eachEvent(store),
    values: ({ given: { document } }, uid) => byDocument.get(document)?.(uid) ?? {},
  }
}

async function noteUids(store: Store, runs: readonly SigmaRuleRun[]): Promise<void> {
  await store.connection.run('CREATE OR REPLACE TEMP TABLE sigma_matched (uid BIGINT)')
  const uids = [...new Set(runs.flatMap(({ events }) => events.map(({ uid }) => uid)))]
  for (let start = 0; start < uids.length; start += 10_000) {
    const list = uids.slice(start, start + 10_000).map((uid) => `(${BigInt(uid)})`)
    await store.connection.run(`INSERT INTO sigma_matched VALUES ${list.join(', ')}`)
  }
}

/** The events themselves, a table a class: every log source asks for its fields of them, and the store is large. */
async function copyEvents(store: Store): Promise<void> {
  for (const { name } of store.model.classes)
    await store.connection.run(
      `CREATE OR REPLACE TEMP TABLE ${copyOf(name)} AS SELECT * FROM ${quoteIdentifier(name)} SEMI JOIN sigma_matched USING (uid)`,
    )
}

const copyOf = (eventClass: string): string => quoteIdentifier(`sigma_matched_${eventClass}`)

/** Columns that say which event it is, and those that name the program. */
const SHOWN = [
  ...['device_hostname', 'process_user_name', 'actor_user_name', 'position', 'log_name', 'log_table', 'log_provider'],
  ...['event_code', 'record_id', 'activity', 'fields'],
  ...['path', 'name', 'original_name', 'internal_name', 'company', 'product', 'description', 'signer'].map(
    (part) => `process_file_${part}`,
  ),
  'process_file_signature_status',
]

async function* eachEvent(store: Store): AsyncGenerator<readonly [string, EvidenceEvent]> {
  for (const { name, columns } of store.model.classes) {
    const own = SHOWN.filter((column) => columns.some((each) => each.name === column))
    const result = await store.connection.stream(
      `SELECT CAST(event.uid AS VARCHAR), ${own.map((column) => `event.${quoteIdentifier(column)}`).join(', ')},
        epoch_us(event.time) AS time_micros, source.name AS source_name
      FROM ${copyOf(name)} AS event LEFT JOIN source ON source.id = event.source_id`,
    )
    const keys = [...own, 'time_micros', 'source_name']
    for await (const rows of result.yieldRows())
      for (const [uid, ...cells] of rows)
        yield [
          String(uid),
          { class: name, ...Object.fromEntries(keys.map((key, index) => [key, cells[index]])) },
        ] as const
  }
}

type Values = (uid: string) => Readonly<Record<string, string>>

/** One query a log source, for the fields of all its rules. */
async function valuesOf(store: Store, runs: readonly SigmaRuleRun[]): Promise<ReadonlyMap<SigmaDocument, Values>> {
  const bySource = new Map<ReturnType<typeof resolveLogSource>, SigmaDocument[]>()
  for (const { given, events } of runs) {
    if (events.length === 0 || given.document.kind === 'correlation') continue
    const source = resolveLogSource(given.document.logsource)
    bySource.set(source, [...(bySource.get(source) ?? []), given.document])
  }
  const found = new Map<SigmaDocument, Values>()
  for (const [source, documents] of bySource) {
    const fields = [...new Set(documents.flatMap(fieldsOf))]
    const columns = new Map(fields.map((field) => [field, { field, view: 'text' } as const]))
    const cells = new Map<string, readonly unknown[]>()
    for (const part of sourceParts(source)) {
      const { from, where, columns: bound } = widePart(part, columns, copyOf(part.eventClass.name))
      const sql = fields.map((field) => `left(${bound.get(field)!.sql}, ${LONGEST})`)
      const rows = await store.rows(
        `SELECT CAST(uid AS VARCHAR), ${sql.length > 0 ? sql.join(', ') : quoteText('')} FROM ${from}${where === undefined ? '' : ` WHERE ${where}`}`,
      )
      for (const [uid, ...row] of rows) cells.set(String(uid), row)
    }
    for (const document of documents) {
      const own = fieldsOf(document).map((field) => [field, fields.indexOf(field)] as const)
      found.set(document, (uid) => {
        const row = cells.get(uid)
        return Object.fromEntries(
          own.flatMap(([field, index]) => {
            const value = row?.[index]
            return value === null || value === undefined ? [] : [[field, String(value)]]
          }),
        )
      })
    }
  }
  return found
}

/** Characters of a value that a finding shows; the whole stands in the event. */
const LONGEST = 4000

/** The fields that a rule wants shown, then those that it asks about. */
export function fieldsOf(document: SigmaDocument): readonly string[] {
  const asked = new Set(document.fields)
  const visit = (body: SearchBody): void => {
    if (body.kind === 'list') body.items.forEach(visit)
    if (body.kind === 'map') for (const { field } of body.items) if (field !== undefined) asked.add(field)
  }
  if (document.kind !== 'correlation') for (const { body } of document.detection.searches) visit(body)
  return [...asked]
}
