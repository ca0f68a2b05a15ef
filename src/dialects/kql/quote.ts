/**
 * A text as a KQL string literal. Whatever the text holds, the literal is one token that means the text: quotes and backslashes are
 * escaped, and what cannot be seen or would end the line is written as `\u` escapes. Half of a surrogate pair, which is no text, becomes U+FFFD.
 * https://learn.microsoft.com/kusto/query/scalar-data-types/string#string-literals
 */
export function quoteKql(text: string): string {
  const escaped = text
    .replace(/\p{Cs}/gu, '\ufffd')
    .replace(/["\\]/g, '\\$&')
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu, (character) =>
      [...Array(character.length).keys()]
        .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
        .join(''),
    )
  return `"${escaped}"`
}
