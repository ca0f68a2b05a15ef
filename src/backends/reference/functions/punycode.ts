/** RFC 3492, with the parameters of internationalised domain names. */
const BASE = 36
const DELTA_LIMIT = 0x7fffffff

const adapt = (delta: number, points: number, first: boolean): number => {
  let size = first ? Math.floor(delta / 700) : delta >> 1
  size += Math.floor(size / points)
  let k = 0
  for (; size > 455; k += BASE) size = Math.floor(size / 35)
  return k + Math.floor((36 * size) / (size + 38))
}

const threshold = (k: number, bias: number): number => (k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias)
const digit = (value: number): string => String.fromCharCode(value < 26 ? 97 + value : 22 + value)

export function encodePunycode(text: string): string {
  const points = [...text].map((letter) => letter.codePointAt(0)!)
  const basic = points.filter((point) => point < 128)
  let out = String.fromCharCode(...basic) + (basic.length ? '-' : '')
  if (basic.length === points.length) return text === '' ? '' : out
  let [n, delta, bias, done] = [128, 0, 72, basic.length]
  while (done < points.length) {
    const next = Math.min(...points.filter((point) => point >= n))
    delta += (next - n) * (done + 1)
    n = next
    for (const point of points) {
      if (point < n) delta++
      if (point !== n) continue
      let q = delta
      for (let k = BASE; ; k += BASE) {
        const t = threshold(k, bias)
        if (q < t) break
        out += digit(t + ((q - t) % (BASE - t)))
        q = Math.floor((q - t) / (BASE - t))
      }
      out += digit(q)
      bias = adapt(delta, done + 1, done === basic.length)
      delta = 0
      done++
    }
    delta++
    n++
  }
  return out
}

/** The text; empty where the input is no punycode. */
export function decodePunycode(source: string): string {
  const cut = source.lastIndexOf('-')
  const out = [...source.slice(0, Math.max(0, cut))].map((letter) => letter.codePointAt(0)!)
  let [n, i, bias] = [128, 0, 72]
  for (let at = cut < 0 ? 0 : cut + 1; at < source.length; ) {
    const before = i
    let weight = 1
    for (let k = BASE; ; k += BASE) {
      const letter = source.charCodeAt(at++)
      const value =
        letter >= 48 && letter <= 57
          ? letter - 22
          : (letter | 32) >= 97 && (letter | 32) <= 122
            ? (letter | 32) - 97
            : BASE
      if (value >= BASE || i > DELTA_LIMIT) return ''
      i += value * weight
      const t = threshold(k, bias)
      if (value < t) break
      weight *= BASE - t
    }
    bias = adapt(i - before, out.length + 1, before === 0)
    n += Math.floor(i / (out.length + 1))
    i %= out.length + 1
    if (n > 0x10ffff) return ''
    out.splice(i++, 0, n)
  }
  return String.fromCodePoint(...out)
}

/** Every full stop that separates labels. */
const DOTS = /[.\u3002\uff0e\uff61]/u

export const toAscii = (domain: string): string =>
  domain
    .split(DOTS)
    .map((label) => (/^[\x00-\x7f]*$/.test(label) ? label : `xn--${encodePunycode(label)}`))
    .join('.')

export const toUnicode = (domain: string): string =>
  domain
    .split(DOTS)
    .map((label) => (label.toLowerCase().startsWith('xn--') ? decodePunycode(label.slice(4)) : label))
    .join('.')
