import { loadContent } from '../content/load.js'

let kinds: ReadonlyMap<string, string> | undefined

/** What kind of program started another, by its base name: service, user, script, browser ...; `program` for any other. */
export function launchKind(parent: string): string {
  kinds ??= new Map(
    loadContent<{ readonly kinds: Readonly<Record<string, readonly string[]>> }>('launch').flatMap((file) =>
      Object.entries(file.kinds).flatMap(([kind, parents]) => parents.map((name) => [name, kind] as const)),
    ),
  )
  return kinds.get(parent.toLowerCase()) ?? 'program'
}
