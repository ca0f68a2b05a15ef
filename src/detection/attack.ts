import { loadContent } from '../content/load.js'

/** What MITRE ATT&CK has of a technique, in our own words: `content/attack`. */
export interface Technique {
  readonly id: string
  readonly name: string
  readonly tactics: readonly string[]
  readonly about: string
  readonly groups?: readonly string[]
  readonly software?: readonly string[]
  readonly campaigns?: readonly string[]
  readonly mitigations?: readonly string[]
  readonly strategies?: readonly string[]
  readonly related?: readonly string[]
  /** What an earlier version had instead. */
  readonly before?: {
    readonly version: string
    readonly groups?: readonly string[]
    readonly campaigns?: readonly string[]
    readonly data: readonly {
      readonly source: string
      readonly component: string
      /** Ids of today; empty where they were not read. */
      readonly now: readonly string[]
    }[]
  }
}

/** How a technique may be detected, since version 18. */
export interface Strategy {
  readonly id: string
  readonly name: string
  readonly about: string
  readonly analytics: readonly {
    readonly id: string
    readonly platform?: string
    readonly components?: readonly string[]
    readonly logs?: readonly string[]
  }[]
}

export interface Attack {
  readonly version: string
  readonly source: string
  readonly techniques: readonly Technique[]
  /** Names of groups, software, campaigns and mitigations. */
  readonly objects: Readonly<Record<string, string>>
  readonly components: Readonly<Record<string, string>>
  readonly strategies: readonly Strategy[]
}

let loaded: Attack | undefined

export function loadAttack(): Attack {
  const [attack] = loaded ? [loaded] : loadContent<Attack>('attack')
  if (!attack) throw new Error('content/attack is empty')
  loaded = attack
  return attack
}

/** `FIN7 (G0046)`; the id alone where its name is not known. */
export function objectName(id: string): string {
  const { objects, components } = loadAttack()
  const name = objects[id] ?? components[id]
  return name === undefined || name === id ? id : `${name} (${id})`
}
