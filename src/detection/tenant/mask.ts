import { createHash } from 'node:crypto'
import { loadIdentity } from '../identity/catalogue.js'

/**
 * The text with every password, token and key in it replaced by its fingerprint: `--password hunter2` → `--password
 * [sha256:f52fbd32]`. Use it wherever a command line, a script or a log line is shown. Masking twice changes nothing more.
 */
export function maskSecrets(text: string): string {
  if (text.length > LONGEST_KNOWN) return maskOnce(text)
  const before = known.get(text)
  if (before !== undefined) return before
  const result = maskOnce(text)
  if (known.size >= MOST_KNOWN) known.clear()
  known.set(text, result)
  return result
}

/** Logs say the same things again and again: accounts, paths, the fields of the envelope. */
const known = new Map<string, string>()
const MOST_KNOWN = 10_000
const LONGEST_KNOWN = 200

function maskOnce(text: string): string {
  const found: { start: number; end: number }[] = []
  for (const regex of patterns()) {
    for (const match of text.matchAll(regex)) {
      const span = match.indices?.groups?.secret
      if (span && !MASKED.test(text.slice(span[0], span[1]))) found.push({ start: span[0], end: span[1] })
    }
  }
  if (found.length === 0) return text
  found.sort((a, b) => a.start - b.start || b.end - a.end)
  let masked = ''
  let at = 0
  for (const { start, end } of found) {
    if (start < at) continue
    masked += `${text.slice(at, start)}[${fingerprint(unquote(text.slice(start, end)))}]`
    at = end
  }
  return masked + text.slice(at)
}

/** A short mark by which the same secret is known again without being shown: `sha256:` and eight hexadecimal digits. */
export function fingerprint(secret: string): string {
  return `sha256:${createHash('sha256').update(secret, 'utf8').digest('hex').slice(0, 8)}`
}

const MASKED = /\[?sha256:[0-9a-f]{8}\b/

let compiled: readonly RegExp[] | undefined

function patterns(): readonly RegExp[] {
  compiled ??= loadIdentity('secrets').patterns.map(({ pattern }) => new RegExp(pattern, 'dgi'))
  return compiled
}

function unquote(text: string): string {
  return /^(["']).*\1$/s.test(text) ? text.slice(1, -1) : text
}
