/** The only place where values become SQL text for ClickHouse; everything else passes through here. */

/** `it's \n` → `'it\'s \\n'`. Backslashes escape in ClickHouse's texts and names alike. */
export const quoteText = (text: string): string =>
  `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\0', '\\0')}'`

/** `a"b` → `"a\"b"`. */
export const quoteIdentifier = (name: string): string =>
  `"${name.replaceAll('\0', '\uFFFD').replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
