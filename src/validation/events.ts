import type { Account, Host, Process } from './world.js'

/**
 * What happened, in no vendor's words. Each form (`forms/`) says how its products would have written it down.
 * Times are microseconds since 1970-01-01 UTC.
 */
export type NeutralEvent = { readonly time: number; readonly host: Host } & (
  | { readonly kind: 'process-start'; readonly process: Process }
  | { readonly kind: 'process-end'; readonly process: Process }
  | {
      readonly kind: 'file-write'
      readonly process: Process
      readonly path: string
      readonly hashOf: string
      readonly url: string | undefined
      readonly referrer: string | undefined
    }
  | { readonly kind: 'file-delete'; readonly process: Process; readonly path: string }
  | { readonly kind: 'dns'; readonly process: Process; readonly name: string; readonly answer: string }
  | {
      readonly kind: 'connection'
      readonly process: Process
      readonly name: string
      readonly ip: string
      readonly port: number
      readonly localPort: number
      readonly protocol: 'tcp' | 'udp'
    }
  | {
      readonly kind: 'registry-set'
      readonly process: Process
      readonly key: string
      readonly value: string
      readonly data: string
    }
  | {
      readonly kind: 'service-install'
      readonly process: Process
      readonly actor: Account
      readonly name: string
      readonly command: string
      readonly account: string
      readonly start: string
    }
  | {
      readonly kind: 'service-state'
      readonly process: Process
      readonly name: string
      readonly display: string
      readonly state: string
    }
  | {
      readonly kind: 'service-start-type'
      readonly process: Process
      readonly name: string
      readonly display: string
      readonly from: string
      readonly to: string
    }
  | {
      readonly kind: 'msi'
      readonly process: Process
      readonly action: 'install' | 'remove'
      readonly product: string
      readonly version: string
      readonly maker: string
      readonly package: string
      readonly user: Account
    }
  | {
      readonly kind: 'app-log'
      readonly provider: string
      readonly id: number
      readonly lines: readonly string[]
    }
  | { readonly kind: 'task-register'; readonly actor: Account; readonly name: string; readonly command: string }
  | {
      readonly kind: 'task-run'
      readonly process: Process
      readonly actor: Account
      readonly name: string
      readonly run: string
    }
  | {
      readonly kind: 'task-end'
      readonly process: Process
      readonly actor: Account
      readonly name: string
      readonly run: string
    }
  | {
      readonly kind: 'script'
      readonly process: Process
      readonly text: string
      readonly file: string
      readonly id: string
    }
  | {
      readonly kind: 'logon'
      readonly user: Account
      readonly type: number
      readonly fromIp: string
      readonly fromName: string
      readonly process: Process
      readonly session: number
    }
  | { readonly kind: 'logoff'; readonly user: Account; readonly type: number; readonly session: number }
  | {
      readonly kind: 'ticket'
      readonly user: Account
      readonly service: string
      readonly fromIp: string
      readonly port: number
    }
  | {
      readonly kind: 'share-access'
      readonly user: Account
      readonly share: string
      readonly file: string | undefined
      readonly fromIp: string
      readonly port: number
    }
  | { readonly kind: 'pipe'; readonly process: Process; readonly name: string; readonly action: 'create' | 'connect' }
  | { readonly kind: 'rdp-client'; readonly process: Process; readonly server: string }
  | { readonly kind: 'update'; readonly title: string; readonly id: string }
  | { readonly kind: 'boot' }
  | { readonly kind: 'shutdown' }
)

export type EventOf<K extends NeutralEvent['kind']> = Extract<NeutralEvent, { readonly kind: K }>
