import { loadContent } from '../../content/load.js'

/** What is needed here of a table in `content/schemas`. */
export interface TableFacts {
  readonly columns?: Readonly<Record<string, string>>
  readonly activity?: string | { readonly field?: string; readonly values: Readonly<Record<string, string>> }
}

/** The vendor tables that the content describes: their columns and what their action types are. */
export class TableCatalog {
  /** Table by its name in lower case. */
  private readonly names = new Map<string, string>()
  private readonly columns = new Map<string, ReadonlySet<string>>()
  /** Tables by action type. */
  private readonly byAction = new Map<string, string>()

  constructor(tables: Readonly<Record<string, TableFacts>>) {
    for (const [name, table] of Object.entries(tables)) {
      this.names.set(name.toLowerCase(), name)
      this.columns.set(name, new Set(Object.keys(table.columns ?? {})))
      const { activity } = table
      if (typeof activity !== 'object' || activity.field !== 'ActionType') continue
      for (const action of Object.keys(activity.values)) if (!this.byAction.has(action)) this.byAction.set(action, name)
    }
  }

  /** The table's own spelling of `name`. */
  spelling(name: string): string | undefined {
    return this.names.get(name.toLowerCase())
  }

  /**
   * Tables whose rows could have these columns: those that know most of them. At least two columns that any log might not have as well, and
   * half of all, must be known, so that a table with a few computed columns is still recognised and an unrelated one is not.
   */
  candidates(columns: readonly string[]): readonly string[] {
    const telling = columns.filter((column) => !COMMONPLACE.has(column))
    let most = 2
    let best: string[] = []
    for (const [name, known] of this.columns) {
      const count = telling.filter((column) => known.has(column)).length
      if (count < most || count * 2 < telling.length) continue
      if (count > most) best = []
      most = count
      best.push(name)
    }
    return best
  }

  /** Which of the candidates a row of this action type is from; empty where nothing tells. */
  choose(candidates: readonly string[], action: string | undefined): string {
    if (candidates.length < 2) return candidates[0] ?? ''
    const table = this.byAction.get(action ?? '')
    if (table !== undefined && candidates.includes(table)) return table
    // The table for every action that has no table of its own.
    return action !== undefined && candidates.includes(REST) ? REST : ''
  }
}

let loaded: TableCatalog | undefined

/** The catalogue of `content/schemas`, read once. */
export function tableCatalog(): TableCatalog {
  loaded ??= new TableCatalog(loadTables())
  return loaded
}

function loadTables(): Record<string, TableFacts> {
  const tables: Record<string, TableFacts> = {}
  for (const schema of loadContent<{ readonly tables?: Record<string, TableFacts> }>('schemas'))
    Object.assign(tables, schema.tables)
  return tables
}

/** Columns that logs of all kinds have. */
const COMMONPLACE = new Set(['Timestamp', 'TimeGenerated', 'Type', 'TenantId', 'SourceSystem'])

const REST = 'DeviceEvents'
