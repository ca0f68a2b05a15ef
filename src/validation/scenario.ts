import { loadContent } from '../content/load.js'

/**
 * A scenario is a story as data: who does what on which machine, when, and what a scan of it must and must not list
 * (`content/scenarios`, checked by `content/published/scenario.schema.json`). It says nothing about log formats.
 *
 * Texts may hold `<cast.property>`: `<victim.name>`, `<desk.ip>`, `<pick.site>`, `<guid.session>`, `<hex.relay>`.
 */
export interface Scenario {
  readonly id: string
  readonly title: string
  readonly about: string
  readonly kind: 'benign' | 'sanctioned' | 'shadow' | 'intrusion'
  readonly techniques?: readonly string[]
  /** Parts to be cast: the part's name → what it is. The first host is where a step happens that names none. */
  readonly hosts: Readonly<Record<string, string>>
  readonly users: Readonly<Record<string, string>>
  /** Drawn once each time the story is played. */
  readonly picks?: Readonly<Record<string, readonly string[]>>
  readonly steps: readonly Step[]
  readonly expected: Expected
}

export interface Expected {
  /** What a scan of this story alone lists, and nothing else: catalogue ids and parts. */
  readonly listed: readonly { readonly tool: string; readonly host: string; readonly why?: string }[]
  /** What a scan may list besides. */
  readonly allowed?: readonly { readonly tool: string; readonly host: string; readonly why: string }[]
  /** Easily taken for a tool; never to be listed. */
  readonly never?: readonly { readonly tool: string; readonly host: string; readonly why: string }[]
  /** Rules that fire where the log shows process starts in full. */
  readonly findings?: readonly { readonly rule: string; readonly host: string }[]
  /** Behaviours that it shows, as the rules number them. */
  readonly behaviours?: readonly { readonly behaviour: string; readonly host: string }[]
  /** Texts of the story that no report may show. */
  readonly secrets?: readonly string[]
}

/** `1d2h30m15s`, since the story's start. */
export type Offset = string

interface When {
  readonly at: Offset
  /** Part; the first host where left out. */
  readonly host?: string
  /** Alias of a process of the story, or name of a program that is always running (`explorer`, `services`). */
  readonly by?: string
}

export type Step = When &
  (
    | StartStep
    | { readonly ends: string }
    | WriteStep
    | { readonly delete: string }
    | ConnectStep
    | { readonly set: string; readonly data: string }
    | { readonly service: string; readonly command: string; readonly account?: string; readonly starts?: string }
    | { readonly state: string; readonly is: string; readonly name?: string }
    | { readonly startType: string; readonly from: string; readonly to: string; readonly name: string }
    | MsiStep
    | { readonly log: string; readonly id: number; readonly lines: readonly string[] }
    | { readonly task: string; readonly command: string; readonly user?: string }
    | {
        readonly runs: string
        readonly program: string
        readonly args?: string
        readonly for?: Offset
        readonly user?: string
      }
    | { readonly script: string; readonly file?: string }
    | { readonly logon: string; readonly type: number; readonly from?: string }
    | { readonly logoff: string; readonly type: number }
    | { readonly share: string; readonly user: string; readonly from: string; readonly file?: string }
    | { readonly pipe: string; readonly action?: 'create' | 'connect' }
    | { readonly rdp: string }
    | { readonly update: string }
    | { readonly boot: boolean }
  )

interface StartStep {
  /** A program of `content/programs`. */
  readonly start: string
  /** Name for later steps; the program's name where left out. */
  readonly as?: string
  readonly user?: string
  /** Where the file is, if elsewhere than usual: a renamed program keeps what it says about itself. */
  readonly path?: string
  /** After the quoted path; `command` is the whole line. */
  readonly args?: string
  readonly command?: string
  readonly integrity?: string
  /** How long it runs; it goes on where left out. */
  readonly for?: Offset
}

interface WriteStep {
  readonly write: string
  /** The program that the file is, if it is one. */
  readonly program?: string
  /** Where a browser had it from. */
  readonly url?: string
  readonly referrer?: string
}

interface ConnectStep {
  /** Name or address; a name is resolved first. */
  readonly connect: string
  readonly port: number
  readonly protocol?: 'tcp' | 'udp'
}

interface MsiStep {
  readonly msi: 'install' | 'remove'
  readonly product: string
  readonly version: string
  readonly maker: string
  readonly package: string
  readonly user?: string
}

/** Milliseconds of an offset. */
export function milliseconds(offset: Offset): number {
  const match = /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/.exec(offset)
  if (!match || offset === '') throw new Error(`not an offset: \`${offset}\``)
  const [days, hours, minutes, seconds, millis] = match.slice(1).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
  ]
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000 + millis
}

export function loadScenarios(): readonly Scenario[] {
  return loadContent<Scenario>('scenarios')
}
