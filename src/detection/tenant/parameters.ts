/**
 * The parameters of the query string that holds most of the wanted ones: after `?`, or after a quote or `=` where a program takes
 * the string as an argument. A parameter that comes several times gives its values one after the other. Empty where fewer than two
 * wanted parameters stand together, because one alone proves nothing.
 */
export function readQuery(text: string, wanted: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  let best: ReadonlyMap<string, string> = new Map()
  for (const candidate of text.split(/[\s"'?]+/)) {
    if (!candidate.includes('&')) continue
    const found = new Map<string, string>()
    for (const [index, part] of candidate.split('&').entries()) {
      let [name, value] = splitParameter(part)
      // A property that holds the whole string: `NAME=h=...&p=...`.
      if (index === 0 && !Object.hasOwn(wanted, name)) [name, value] = splitParameter(value)
      if (!Object.hasOwn(wanted, name) || value === '') continue
      const known = found.get(name)
      const text = decode(value)
      found.set(name, known === undefined ? text : `${known}, ${text}`)
    }
    if (found.size >= 2 && found.size > best.size) best = found
  }
  return best
}

function splitParameter(part: string): [name: string, value: string] {
  const equals = part.indexOf('=')
  return equals < 0 ? ['', ''] : [part.slice(0, equals), part.slice(equals + 1)]
}

/** The value of `--switch value`, `--switch=value`, `/switch:value` or `SWITCH=value`; without the quotes. */
export function readSwitch(text: string, name: string): string | undefined {
  const match = switchPattern(name).exec(text)
  return match ? (match[1] ?? match[2]) : undefined
}

const patterns = new Map<string, RegExp>()

/** Only ever called with names of the catalogue, so the map stays small. */
function switchPattern(name: string): RegExp {
  const known = patterns.get(name)
  if (known) return known
  const dashed = /^[-/]/.test(name)
  const lead = dashed ? '' : '[-/]{0,2}'
  const gap = dashed ? '(?:\\s*[=:]\\s*|\\s+)' : '\\s*[=:]\\s*'
  const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const made = new RegExp(`(?:^|[\\s"'])${lead}${escaped}${gap}(?:"([^"\\r\\n]*)"|([^\\s"'-][^\\s"']*))`, 'i')
  patterns.set(name, made)
  return made
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', '%2B'))
  } catch {
    return text
  }
}
