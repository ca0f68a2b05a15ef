import { loadAttack, objectName } from '../../detection/attack.js'

/** What ATT&CK has of a technique of an incident. */
export interface RelatedTechnique {
  readonly id: string
  readonly name: string
  readonly about: string
  /** Who is known to do so. */
  readonly groups: readonly string[]
  readonly mitigations: readonly string[]
  readonly strategies: readonly string[]
}

/** Of these techniques, those that `content/attack` has. */
export function relatedTo(techniques: readonly string[]): readonly RelatedTechnique[] {
  const { techniques: known, strategies } = loadAttack()
  const names = new Map(strategies.map(({ id, name }) => [id, `${name} (${id})`]))
  return known
    .filter(({ id }) => techniques.includes(id))
    .map(({ id, name, about, groups, mitigations, strategies: own }) => ({
      id,
      name,
      about,
      groups: (groups ?? []).map(objectName),
      mitigations: (mitigations ?? []).map(objectName),
      strategies: (own ?? []).flatMap((each) => names.get(each) ?? []),
    }))
}
