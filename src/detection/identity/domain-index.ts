import type { ToolValue } from './catalogue.js'
import { matchesGlob } from './glob.js'
import { type Hit, hitOf } from './hit.js'
import { push } from './phrase-index.js'

/** Finds the tools whose servers bear a host name: the name itself or one below it, at a dot, never in part. */
export class DomainIndex {
  private readonly exact = new Map<string, Hit[]>()
  private readonly globs = new Map<string, { readonly glob: string; readonly hit: Hit }[]>()

  add(tool: number, value: ToolValue): void {
    const hit = hitOf(tool, value)
    if (!hit) return
    const name = value.value.toLowerCase()
    const star = name.lastIndexOf('*')
    if (star < 0) push(this.exact, name, hit)
    else push(this.globs, name.slice(name.indexOf('.', star) + 1), { glob: name, hit: { ...hit, worth: 'specific' } })
  }

  /** `apex` tells a vendor's bare name from a host below it. */
  find(host: string): { readonly hit: Hit; readonly apex: boolean }[] {
    const name = normaliseHost(host)
    const found: { hit: Hit; apex: boolean }[] = []
    for (let at = 0; at >= 0 && at < name.length; at = name.indexOf('.', at) + 1 || -1) {
      const suffix = name.slice(at)
      for (const hit of this.exact.get(suffix) ?? [])
        found.push({ hit, apex: at === 0 && suffix.split('.').length === 2 })
      for (const { glob, hit } of this.globs.get(suffix) ?? [])
        if (matchesGlob(glob, name)) found.push({ hit, apex: false })
    }
    return found
  }
}

/** Host name in lower case without port, final dot and brackets. */
export function normaliseHost(host: string): string {
  return host.slice(0, 255).trim().toLowerCase().replace(/:\d+$/, '').replace(/\.$/, '')
}

/** Host of an address as products write it: with or without scheme, user, port and path. */
export function hostOf(url: string): string {
  const text = url
    .slice(0, 2048)
    .trim()
    .replace(/^[a-z][a-z0-9+.-]*:\/\//i, '')
  const authority = text.split(/[/?#\\\s]/, 1)[0] ?? ''
  return normaliseHost(authority.slice(authority.lastIndexOf('@') + 1))
}
