import type { AggregateCall } from '../ir/relation.js'

/** `max(time)` of a stored time as it is stored: engines answer it from what they know of each part, and not of a calculated value. */
export function extremeOfStored(
  { function: name, arguments: [value], condition }: AggregateCall,
  scope: { readonly columns: ReadonlyMap<string, { readonly sql: string; readonly form: string }> },
): string | undefined {
  if ((name !== 'min' && name !== 'max') || condition !== undefined || value?.kind !== 'column') return undefined
  const column = scope.columns.get(value.name)
  return column?.form === 'timestamp' ? `${name}(${column.sql})` : undefined
}
