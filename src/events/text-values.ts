/**
 * Readings of single values that stand as UTF-8 in a byte array: base names, GUIDs, numbers. They work on bytes because they
 * run for every record and a JavaScript string would cost more than the work itself.
 */

const BACKSLASH = 92
const SLASH = 47
const QUOTE = 34
const SPACE = 32
const HYPHEN = 45

/** Where the base name of the path in `bytes[from, to)` starts: after the last `\` or `/`. */
export function baseNameStart(bytes: Uint8Array, from: number, to: number): number {
  for (let index = to - 1; index >= from; index--) {
    const byte = bytes[index]
    if (byte === BACKSLASH || byte === SLASH) return index + 1
  }
  return from
}

/** A whole number in decimal or `0x` hexadecimal, with an optional sign; undefined where the text is anything else. */
export function readInteger(bytes: Uint8Array, from: number, to: number): bigint | number | undefined {
  let index = from
  let negative = false
  if (bytes[index] === 45 || bytes[index] === 43) negative = bytes[index++] === 45
  if (index >= to || to - index > 20) return undefined
  let value = 0
  if (to - index > 1 && bytes[index] === 48 && (bytes[index + 1]! | 32) === 120) {
    index += 2
    if (index >= to) return undefined
    const start = index
    for (; index < to; index++) {
      const digit = hexDigit(bytes[index]!)
      if (digit < 0) return undefined
      value = value * 16 + digit
    }
    if (index - start > 13) return exact(bytes, from, to)
  } else {
    const start = index
    for (; index < to; index++) {
      const digit = bytes[index]! - 48
      if (digit < 0 || digit > 9) return undefined
      value = value * 10 + digit
    }
    if (index - start > 15) return exact(bytes, from, to)
  }
  return negative ? -value : value
}

function exact(bytes: Uint8Array, from: number, to: number): bigint | undefined {
  const text = String.fromCharCode(...bytes.subarray(from, to))
  const value = text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text.replace('+', ''))
  return BigInt.asIntN(64, value)
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48
  const letter = byte | 32
  return letter >= 97 && letter <= 102 ? letter - 87 : -1
}

/**
 * The executable of a command line, as a range of it. Quoted: what stands between the quotes. Unquoted: up to the first extension
 * of a program followed by a blank or the end, else, or where an option comes first, up to the first blank; so `C:\Program Files\a b\c.exe -k` gives `C:\Program Files\a b\c.exe`.
 */
export function commandRange(bytes: Uint8Array, from: number, to: number): readonly [number, number] {
  while (from < to && bytes[from] === SPACE) from++
  if (bytes[from] === QUOTE) {
    let end = from + 1
    while (end < to && bytes[end] !== QUOTE) end++
    return [from + 1, end]
  }
  let firstBlank = -1
  for (let index = from; index < to; index++) {
    if (bytes[index] !== SPACE) continue
    if (firstBlank < 0) firstBlank = index
    if (endsWithProgramExtension(bytes, from, index)) return [from, index]
    if (startsOption(bytes, index + 1, to)) return [from, firstBlank]
  }
  if (firstBlank < 0 || endsWithProgramExtension(bytes, from, to)) return [from, to]
  return [from, firstBlank]
}

/** A registry path with its root in full: `HKLM\\X`, `\\REGISTRY\\MACHINE\\X` → `HKEY_LOCAL_MACHINE\\X`. Another path stays as it is. */
export function registryPath(path: string): string {
  for (const [pattern, root] of REGISTRY_ROOTS) if (pattern.test(path)) return path.replace(pattern, root)
  return path
}

const REGISTRY_ROOTS: readonly (readonly [RegExp, string])[] = [
  [/^(HKLM|\\REGISTRY\\MACHINE)(?=\\|$)/i, 'HKEY_LOCAL_MACHINE'],
  [/^(HKU|\\REGISTRY\\USER)(?=\\|$)/i, 'HKEY_USERS'],
  [/^HKCU(?=\\|$)/i, 'HKEY_CURRENT_USER'],
  [/^HKCR(?=\\|$)/i, 'HKEY_CLASSES_ROOT'],
]

/** `/c`, `-k`: what follows is no more of the path. */
function startsOption(bytes: Uint8Array, from: number, to: number): boolean {
  return from + 1 < to && (bytes[from] === SLASH || bytes[from] === HYPHEN) && bytes[from + 1] !== SPACE
}

function endsWithProgramExtension(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from < 5 || bytes[to - 4] !== 46) return false
  const extension = String.fromCharCode(bytes[to - 3]! | 32, bytes[to - 2]! | 32, bytes[to - 1]! | 32)
  return PROGRAM_EXTENSIONS.has(extension)
}

const PROGRAM_EXTENSIONS = new Set(['exe', 'com', 'bat', 'cmd', 'scr', 'msi', 'sys', 'dll', 'ps1', 'vbs'])

/**
 * A 64-bit fingerprint of `bytes[from, to)`, as two 32-bit words written to `out`: two lanes of multiply and rotate in the manner of
 * MurmurHash3, seeded apart. It is part of what a store keeps: changing it makes old stores forget what they have seen.
 */
export function fingerprint(bytes: Uint8Array, from: number, to: number, seed: number, out: Uint32Array): void {
  let a = seed ^ 0x9747b28c
  let b = seed ^ 0x3c6ef372
  let index = from
  const whole = to - 3
  while (index < whole) {
    const word = bytes[index]! | (bytes[index + 1]! << 8) | (bytes[index + 2]! << 16) | (bytes[index + 3]! << 24)
    a = Math.imul(a ^ word, 0xcc9e2d51)
    a = (a << 13) | (a >>> 19)
    b = Math.imul(b ^ word, 0x85ebca6b)
    b = (b << 17) | (b >>> 15)
    b = (b + a) | 0
    index += 4
  }
  let rest = 0
  for (let shift = 0; index < to; index++, shift += 8) rest |= bytes[index]! << shift
  a = mix(Math.imul(a ^ rest, 0x1b873593) ^ (to - from))
  b = mix(Math.imul(b ^ rest, 0xc2b2ae35) ^ a)
  out[0] = a >>> 0
  out[1] = b >>> 0
}

function mix(value: number): number {
  value ^= value >>> 16
  value = Math.imul(value, 0x85ebca6b)
  value ^= value >>> 13
  value = Math.imul(value, 0xc2b2ae35)
  return value ^ (value >>> 16)
}
