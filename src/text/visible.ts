/**
 * Text from logs and rules, made safe to look at. Terminal escapes, control characters, bidirectional overrides and invisible
 * characters become their code point, `<U+202E>`, so that a record can neither drive a terminal nor look like another.
 */
export function visible(text: string): string {
  return PLAIN.test(text) ? text : text.replace(UNSEEN, (character) => `<U+${codePoint(character)}>`)
}

/**
 * The same for source text that marks are drawn under: every UTF-16 unit keeps its place. Tabs and line ends stay as they are.
 */
export function visibleInPlace(text: string): string {
  return text.replace(UNSEEN, (character) => {
    if (character === '\t' || character === '\n' || character === '\r') return character
    const code = character.charCodeAt(0)
    // The control pictures block has a sign for each of the first 32 code points, in order.
    return code < 32 ? String.fromCharCode(0x2400 + code) : '\ufffd'.repeat(character.length)
  })
}

/** A JSON text with the same characters written as `\u` escapes: the value is unchanged and printing it is harmless. */
export function visibleJson(json: string): string {
  if (PLAIN_LINES.test(json)) return json
  return json.replace(UNSEEN, (character) => {
    // A line break can only be the layout of the JSON text: inside a string it is already written as \n.
    if (character === '\n') return character
    let escaped = ''
    for (let index = 0; index < character.length; index++)
      escaped += `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`
    return escaped
  })
}

/** Splits a text at the characters that `visible` would show as code points: `{ text }` or `{ code: '202E' }`. */
export function visibleParts(text: string): readonly ({ readonly text: string } | { readonly code: string })[] {
  const parts: ({ text: string } | { code: string })[] = []
  let end = 0
  for (const match of text.matchAll(UNSEEN)) {
    if (match.index > end) parts.push({ text: text.slice(end, match.index) })
    parts.push({ code: codePoint(match[0]) })
    end = match.index + match[0].length
  }
  if (end < text.length) parts.push({ text: text.slice(end) })
  return parts
}

const PLAIN = /^[\x20-\x7e]*$/
const PLAIN_LINES = /^[\x20-\x7e\n]*$/

// Controls, formats (bidirectional ones among them), line and paragraph separators, lone surrogates, what is drawn as nothing, and
// the fourth and later of combining marks in a row, which would climb over the lines above.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]|(?<=\p{M}{3})\p{M}/gu

const codePoint = (character: string): string => character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')
