import type { SigmaColumn } from '../../../dialects/sigma/index.js'

/** The columns that expressions read, and beside them the text of each field that is shown. */
export function columnsOf(
  read: ReadonlyMap<string, SigmaColumn>,
  shown: readonly string[],
): { readonly columns: ReadonlyMap<string, SigmaColumn>; readonly views: ReadonlyMap<string, string> } {
  const columns = new Map(read)
  const views = new Map<string, string>()
  for (const field of shown) {
    const known = [...columns].find(([, each]) => each.field === field && each.view === 'text')?.[0]
    let name = known ?? `${field} (shown)`
    while (known === undefined && columns.has(name)) name += "'"
    columns.set(name, { field, view: 'text' })
    views.set(field, name)
  }
  return { columns, views }
}
