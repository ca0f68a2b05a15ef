/** The formats of a report, by the names that `--format` takes. */
export const FORMATS = [
  'table',
  'json',
  'ndjson',
  'csv',
  'html',
  'hayabusa-csv',
  'timesketch',
  'navigator',
  'ocsf',
] as const
export type Format = (typeof FORMATS)[number]
