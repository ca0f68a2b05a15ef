/** The only place where values become SQL text for DuckDB; everything else passes through here or through parameters. */

/** `it's` → `'it''s'`. A NUL cannot stand in SQL text, so it is spelled out. */
export function quoteText(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`
  return quoted.includes('\0') ? `(${quoted.split('\0').join("' || chr(0) || '")})` : quoted
}

/** `a"b` → `"a""b"`. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('\0', '\uFFFD').replaceAll('"', '""')}"`
}
