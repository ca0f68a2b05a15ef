/** What the story of a tool on a host is told from: groups of alike events, as the database gives them. */
export interface Trace {
  /** Position of the chain that it belongs to. */
  readonly chain: number
  /** Why it belongs there: it names the tool, or it is joined to what does by a process, a file, an account. */
  readonly because: 'named' | 'package' | 'child' | 'ancestor' | 'connection' | 'file' | 'persistence' | 'logon'
  readonly class: string
  readonly activity: string
  /** The tool's own program acted. */
  readonly own: boolean
  /** The tool's own program started the process. */
  readonly parent: boolean
  readonly process: ProcessReference
  readonly parentProcess: ProcessReference
  readonly user: string
  /** What was acted upon: the file, service, key, package, name, address, message. */
  readonly object: string
  readonly detail: string
  readonly extra: string
  readonly count: number
  /** Microseconds; null where no event has a time. */
  readonly first: number | null
  readonly last: number | null
  readonly sourceId: number | null
  readonly position: number | null
}

/** A process as one event names it. Its GUID, or else its id with its start, tells it from others. */
export interface ProcessReference {
  readonly name: string
  readonly path: string
  readonly command: string
  readonly uid: string
  readonly pid: number | null
  /** Microseconds. */
  readonly created: number | null
}

/** A tool on a host whose story is wanted. */
export interface ChainSubject {
  readonly toolId: string
  readonly host: string
}

/** Undefined where the event does not tell the process from others of the same id. */
export function processKey(host: string, { uid, pid, created }: ProcessReference): string | undefined {
  if (uid !== '') return `${host} ${uid}`
  return pid !== null && created !== null ? `${host} ${pid} ${created}` : undefined
}
