import { BoundedCache } from './bounded-cache.js'
import type { ToolValue } from './catalogue.js'
import { matchesGlob } from './glob.js'
import { type Hit, hitOf, type Worth } from './hit.js'
import { push } from './phrase-index.js'

interface PathPattern {
  readonly parts: readonly string[]
  /** The first part must be the first folder of the drive. */
  readonly rooted: boolean
  /** The last part and everything below it is meant; otherwise the last part is a file. */
  readonly folder: boolean
  readonly hit: Hit
}

/** Finds the tools in whose folders a file lies. */
export class PathIndex {
  private readonly byPart = new Map<string, PathPattern[]>()
  private readonly withoutPart: PathPattern[] = []
  private readonly cache = new BoundedCache<readonly Hit[]>()

  constructor(private readonly commonFolders: ReadonlySet<string>) {}

  /** Drops a pattern that is nothing but common folders or a file's name, which says nothing of a place. */
  add(tool: number, value: ToolValue): void {
    if (value.platform === 'unix') return
    const hit = hitOf(tool, value)
    const pattern = hit && this.compile(value.value, hit)
    if (!pattern) return
    const own = pattern.parts.filter((part) => !/[*?]/.test(part) && !this.commonFolders.has(part))
    const anchor = own.sort((a, b) => b.length - a.length)[0]
    if (anchor) push(this.byPart, anchor, pattern)
    else this.withoutPart.push(pattern)
  }

  find(path: string): readonly Hit[] {
    return this.cache.get(path, (key) => this.search(splitPath(key)))
  }

  private search(parts: readonly string[]): readonly Hit[] {
    const found: Hit[] = []
    const seen = new Set<PathPattern>()
    const look = (pattern: PathPattern) => {
      if (seen.has(pattern)) return
      seen.add(pattern)
      if (matches(pattern, parts)) found.push(pattern.hit)
    }
    for (const part of parts) for (const pattern of this.byPart.get(part) ?? []) look(pattern)
    for (const pattern of this.withoutPart) look(pattern)
    return found
  }

  private compile(text: string, hit: Hit): PathPattern | undefined {
    let path = text.toLowerCase().replace(/\//g, '\\')
    for (const [variable, folder] of VARIABLES) path = path.replace(variable, folder)
    if (path.includes('%')) return undefined
    const rooted = /^[a-z]:\\/.test(path)
    const folder = /\\\*?$/.test(path) || !/\.[a-z0-9*?]{1,6}$/.test(path)
    const parts = splitPath(path.replace(/\\\*?$/, '')).filter((part, index) => !(index === 0 && part === '*'))
    const named = parts.filter(
      (part) => /[a-z0-9]{3}/.test(part.replace(/^[*?]+\.[a-z0-9]+$/, '')) && !this.commonFolders.has(part),
    )
    if (parts.length === 0 || named.length === 0 || (parts.length === 1 && !folder)) return undefined
    const placed = rooted || ['program files', 'programdata', 'windows', 'users'].includes(parts[0]!)
    const writable = parts.includes('users') || parts.includes('temp') || !placed
    const worth: Worth = hit.worth === 'specific' && writable ? 'pointing' : hit.worth
    return { parts, rooted, folder, hit: { ...hit, worth } }
  }
}

function matches(pattern: PathPattern, parts: readonly string[]): boolean {
  const length = pattern.parts.length
  const last = parts.length - length
  if (last < 0) return false
  const from = pattern.folder ? 0 : last
  for (let start = from; start <= last; start++) {
    if (pattern.rooted && start > 0) return false
    if (
      pattern.parts.every(
        (part, index) =>
          part === parts[start + index] || (/[*?]/.test(part) && matchesGlob(part, parts[start + index]!)),
      )
    )
      return true
  }
  return false
}

const VARIABLES: readonly (readonly [RegExp, string])[] = [
  [/^%programdata%/, 'c:\\programdata'],
  [/^%appdata%/, 'c:\\users\\*\\appdata\\roaming'],
  [/^%localappdata%/, 'c:\\users\\*\\appdata\\local'],
  [/^%temp%/, 'c:\\users\\*\\appdata\\local\\temp'],
  [/^%userprofile%/, 'c:\\users\\*'],
  [/^%(windir|systemroot)%/, 'c:\\windows'],
  [/^%programfiles(\(x86\))?%/, 'c:\\program files'],
]

/** Folders and file of a path, lower-cased, without the drive; both Program Files folders read alike. */
export function splitPath(path: string): string[] {
  const text = path
    .slice(0, 1024)
    .toLowerCase()
    .replace(/\//g, '\\')
    .replace(/^"+|"+$/g, '')
  const local = text
    .replace(/^\\\\[?.]\\|^\\\?\?\\/, '')
    .replace(/^\\device\\harddiskvolume\d+/, '')
    .replace(/^(\\systemroot|%systemroot%|%windir%)/, '\\windows')
    .replace(/^[a-z]:/, '')
  return local
    .split('\\')
    .filter((part) => part !== '')
    .map((part) =>
      /^program files( \(x86\)|\*)$/.test(part) || part === 'progra~1' || part === 'progra~2' ? 'program files' : part,
    )
}
