import { loadContent } from '../content/load.js'

/** The event model of `content/model`: one class a kind of activity, each with typed columns. Every class has the columns of `event.yaml` first. */
export interface EventModel {
  readonly classes: readonly EventClass[]
}

export interface EventClass {
  readonly name: string
  readonly activities: readonly string[]
  readonly columns: readonly EventColumn[]
}

export interface EventColumn {
  readonly name: string
  readonly type: ColumnType
}

/** `name` is text with few distinct values; `json` is a flat object of texts; a `timestamp` is microseconds UTC. */
export type ColumnType = 'text' | 'name' | 'integer' | 'timestamp' | 'json'

interface ClassFile {
  readonly class: string
  readonly activities?: readonly string[]
  readonly columns: Readonly<Record<string, { readonly type: ColumnType }>>
}

export function loadModel(): EventModel {
  const files = loadContent<ClassFile>('model')
  const base = files.find((file) => file.class === 'event')
  if (!base) throw new Error('content/model has no class `event`')
  const columnsOf = (file: ClassFile): EventColumn[] =>
    Object.entries(file.columns).map(([name, { type }]) => ({ name, type }))
  return {
    classes: files
      .filter((file) => file !== base)
      .map((file) => ({
        name: file.class,
        activities: file.activities ?? [],
        columns: [...columnsOf(base), ...columnsOf(file)],
      })),
  }
}
