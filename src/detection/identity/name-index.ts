import { BoundedCache } from './bounded-cache.js'
import type { ToolPattern, ToolValue } from './catalogue.js'
import { matchesGlob } from './glob.js'
import { type Hit, hitOf } from './hit.js'
import { push } from './phrase-index.js'

/** Finds the tools whose programs bear a base name. Names are compared whole, never in part. */
export class NameIndex {
  private readonly exact = new Map<string, Hit[]>()
  private readonly globs = new Map<string, { readonly glob: string; readonly hit: Hit }[]>()
  private readonly patterns: { readonly regex: RegExp; readonly hit: Hit }[] = []
  private readonly cache = new BoundedCache<readonly Hit[]>()

  constructor(private readonly copyMarks: readonly string[]) {}

  add(tool: number, value: ToolValue): void {
    const hit = hitOf(tool, value)
    if (!hit) return
    const name = value.value.toLowerCase()
    const star = name.search(/[*?]/)
    if (star < 0) push(this.exact, name, hit)
    else if (star >= PREFIX) push(this.globs, name.slice(0, PREFIX), { glob: name, hit })
    else if (star > 0) push(this.globs, name.slice(0, star), { glob: name, hit })
  }

  addPattern(tool: number, pattern: ToolPattern): void {
    const hit = hitOf(tool, pattern)
    if (hit) this.patterns.push({ regex: new RegExp(pattern.pattern, 'u'), hit })
  }

  /** `name` is a base name as the telemetry writes it. */
  find(name: string): readonly Hit[] {
    return this.cache.get(name, (key) => this.search(key.slice(0, 300).toLowerCase().trim()))
  }

  private search(name: string): readonly Hit[] {
    const plain = plainName(name, this.copyMarks)
    const spellings = plain === name ? [name] : [name, plain]
    for (const spelling of spellings) {
      const found = [...(this.exact.get(spelling) ?? [])]
      for (const { regex, hit } of this.patterns) if (regex.test(spelling)) found.push(hit)
      if (found.length > 0) return found
    }
    const found: Hit[] = []
    for (let length = 1; length <= PREFIX; length++)
      for (const { glob, hit } of this.globs.get(plain.slice(0, length)) ?? [])
        if (matchesGlob(glob, plain)) found.push(hit)
    return found
  }
}

const PREFIX = 3

/** Takes away what downloads, copies and versions add: `AnyTool-1.2.3 (1).exe` → `anytool.exe`. */
export function plainName(name: string, copyMarks: readonly string[]): string {
  const dot = name.lastIndexOf('.')
  const extension = dot > 0 ? name.slice(dot) : ''
  let stem = dot > 0 ? name.slice(0, dot) : name
  for (let turn = 0; turn < 3; turn++) {
    const before = stem
    stem = stem.replace(/ ?[([]\d{1,3}[)\]]$/, '')
    for (const mark of copyMarks) if (stem.endsWith(mark)) stem = stem.slice(0, -mark.length)
    stem = stem.replace(/[-_ ]?v?\d{1,4}(\.\d{1,6}){1,4}([-_ ](x86|x64|x86_64|win32|win64|amd64))?$/, '')
    if (stem === before) break
  }
  return stem === '' ? name : stem + extension
}
