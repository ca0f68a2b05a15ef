/**
 * The words of every diagnostic, one entry a code. A code without words does not compile. Codes are for ever: a released
 * code keeps its meaning and is never used again for another.
 */
interface Words<Facts> {
  readonly severity: 'error' | 'warning' | 'note'
  readonly message: (facts: Facts) => string
  readonly help?: (facts: Facts) => string | undefined
}

const words = <Facts>(entry: Words<Facts>): Words<Facts> => entry

/** `a`, `b` and 3 more. */
function someOf(names: readonly string[]): string {
  const shown = names.length > 9 ? names.slice(0, 8) : names
  const more = names.length - shown.length
  return `${shown.map((name) => `\`${name}\``).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

export const MESSAGES = {
  'syntax-error': words<{ found: string; expected: string }>({
    severity: 'error',
    message: ({ found, expected }) => `found ${found}, expected ${expected}`,
  }),
  'kusto-diagnostic': words<{ code: string; message: string; closest?: string | undefined }>({
    severity: 'error',
    message: ({ code, message }) => `${message.replace(/\.$/, '')} (${code})`,
    help: ({ closest }) => (closest ? `closest match is \`${closest}\`` : undefined),
  }),
  'unsupported-operator': words<{ language: string; operator: string }>({
    severity: 'error',
    message: ({ language, operator }) => `${language} operator \`${operator}\` is not supported`,
  }),
  'unsupported-function': words<{ language: string; name: string; closest?: string | undefined }>({
    severity: 'error',
    message: ({ language, name }) => `${language} function \`${name}\` is not supported`,
    help: ({ closest }) => (closest ? `closest match is \`${closest}\`` : undefined),
  }),
  'unsupported-form': words<{ language: string; what: string }>({
    severity: 'error',
    message: ({ language, what }) => `${what} is not supported in ${language}`,
  }),
  'unknown-table': words<{ name: string; closest?: string | undefined; known: readonly string[] }>({
    severity: 'error',
    message: ({ name }) => `unknown table \`${name}\``,
    help: ({ closest, known }) =>
      closest ? `closest match is \`${closest}\`` : `known: ${known.slice(0, 8).join(', ')}`,
  }),
  'unknown-column': words<{ name: string; table: string; closest?: string | undefined; known: readonly string[] }>({
    severity: 'error',
    message: ({ name, table }) => `\`${table}\` has no column \`${name}\``,
    help: ({ closest, known }) =>
      closest ? `closest match is \`${closest}\`` : `columns: ${known.slice(0, 8).join(', ')}`,
  }),
  'unknown-name': words<{ name: string; closest?: string | undefined }>({
    severity: 'error',
    message: ({ name }) => `unknown name \`${name}\``,
    help: ({ closest }) => (closest ? `closest match is \`${closest}\`` : undefined),
  }),
  'type-mismatch': words<{ what: string; expected: string; found: string }>({
    severity: 'error',
    message: ({ what, expected, found }) => `${what} is ${found}, expected ${expected}`,
  }),
  'bad-argument-count': words<{ name: string; expected: string; found: number }>({
    severity: 'error',
    message: ({ name, expected, found }) => `\`${name}\` takes ${expected}, found ${found}`,
  }),
  'bad-regular-expression': words<{ reason: string }>({
    severity: 'error',
    message: ({ reason }) => `the regular expression cannot be run: ${reason}`,
  }),
  'column-not-in-telemetry': words<{ table: string; column: string }>({
    severity: 'note',
    message: ({ table, column }) => `no telemetry read here fills \`${table}.${column}\`; it is empty in every row`,
  }),
  'column-not-in-schema': words<{ table: string; column: string }>({
    severity: 'warning',
    message: ({ table, column }) => `\`${table}\` has no documented column \`${column}\`; it is empty in every row`,
  }),
  'table-not-in-telemetry': words<{ table: string }>({
    severity: 'note',
    message: ({ table }) => `no telemetry read here fills \`${table}\`; it has no rows`,
  }),
  'name-case': words<{ found: string; name: string }>({
    severity: 'warning',
    message: ({ found, name }) => `\`${found}\` is written \`${name}\`, and Kusto tells them apart`,
  }),
  'function-without-data': words<{ name: string; instead: string }>({
    severity: 'warning',
    message: ({ name, instead }) => `\`${name}\` needs data that only the service has; here it gives ${instead}`,
  }),
  'external-data-not-read': words<{ place: string }>({
    severity: 'warning',
    message: ({ place }) => `external data is not fetched; \`${place}\` has no rows here`,
  }),
  'qualifier-ignored': words<{ qualifier: string }>({
    severity: 'note',
    message: ({ qualifier }) => `\`${qualifier}()\` is not looked at; there is one store here`,
  }),
  'rule-not-read': words<{ reason: string }>({
    severity: 'error',
    message: ({ reason }) => `the rule cannot be read: ${reason}`,
  }),
  'rule-repaired': words<{ what: string }>({
    severity: 'note',
    message: ({ what }) => `repaired: ${what}`,
  }),
  'rule-unknown-key': words<{ key: string; closest?: string | undefined }>({
    severity: 'note',
    message: ({ key }) => `\`${key}\` is no known name in a rule of this kind; it is kept and not looked at`,
    help: ({ closest }) => (closest ? `closest match is \`${closest}\`` : undefined),
  }),
  'rule-missing-key': words<{ key: string }>({
    severity: 'error',
    message: ({ key }) => `the rule has no \`${key}\``,
  }),
  'rule-wrong-value': words<{ key: string; found: string; expected: string }>({
    severity: 'error',
    message: ({ key, found, expected }) => `\`${key}\` is \`${found}\`, expected ${expected}`,
  }),
  'rule-single-value': words<{ key: string }>({
    severity: 'note',
    message: ({ key }) => `\`${key}\` is one value where a list belongs; it is read as a list of one`,
  }),
  'rule-leaves-gaps': words<Record<never, never>>({
    severity: 'warning',
    message: () => '`queryPeriod` is shorter than `queryFrequency`: events between two runs are never looked at',
  }),
  'kusto-warning': words<{ code: string; message: string }>({
    severity: 'warning',
    message: ({ code, message }) => `${message.replace(/\.$/, '')} (${code})`,
  }),
  'unknown-watchlist': words<{ name: string; closest?: string | undefined; known: readonly string[] }>({
    severity: 'error',
    message: ({ name }) => `no watchlist \`${name}\` in the folder`,
    help: ({ closest, known }) =>
      closest ? `closest match is \`${closest}\`` : `known: ${known.slice(0, 8).join(', ') || 'none'}`,
  }),
  'unknown-value-set': words<{
    function: string
    name: string
    closest?: string | undefined
    known: readonly string[]
  }>({
    severity: 'error',
    message: ({ function: called, name }) =>
      name === '' ? `\`${called}\` takes the name of a set, written out` : `\`${called}\` has no set \`${name}\``,
    help: ({ closest, known }) =>
      closest ? `closest match is \`${closest}\`` : `known: ${known.slice(0, 12).join(', ')}`,
  }),
  'unused-let': words<{ name: string }>({
    severity: 'warning',
    message: ({ name }) => `\`${name}\` is defined and never used`,
  }),
  'name-without-label': words<{ column: string; names: readonly string[]; label: string }>({
    severity: 'warning',
    message: ({ column, names, label }) =>
      `${someOf(names)} ${names.length === 1 ? 'passes' : 'pass'} the filter and ${names.length === 1 ? 'gets' : 'get'} no label: \`${column}\` is ${label}`,
  }),
  'unreachable-branch': words<{ label: string; column: string }>({
    severity: 'warning',
    message: ({ label, column }) => `no \`${column}\` that the filter names ever comes to ${label}`,
    help: () => 'an earlier branch takes it, or none of the names fits',
  }),
  'has-part-of-word': words<{ needle: string; names: readonly string[] }>({
    severity: 'warning',
    message: ({ needle, names }) => `\`has "${needle}"\` is false for ${someOf(names)}: \`has\` takes whole terms`,
    help: () => '`contains` takes parts of words, `hasprefix` their beginnings',
  }),
  'name-not-confirmed': words<{ names: readonly string[]; total: number }>({
    severity: 'note',
    message: ({ names, total }) =>
      `${names.length} of ${total} names are confirmed by no vendor or list read here: ${someOf(names)}`,
  }),
  'names-missing': words<{ tool: string; names: readonly string[] }>({
    severity: 'warning',
    message: ({ tool, names }) => `the list is after ${tool} and misses ${someOf(names)}`,
  }),
  'domain-not-confirmed': words<{ domain: string; instead: readonly string[] }>({
    severity: 'warning',
    message: ({ domain }) => `no tool in the catalogue uses \`${domain}\``,
    help: ({ instead }) => (instead.length > 0 ? `known: ${instead.join(', ')}` : undefined),
  }),
  'computed-never-filters': words<{ name: string }>({
    severity: 'note',
    message: ({ name }) => `\`${name}\` is computed and shown, and never decides anything`,
    help: () => 'every row is returned whether it is true or not',
  }),
  'time-filter-missing': words<{ table: string }>({
    severity: 'note',
    message: ({ table }) => `nothing limits the time of \`${table}\`: all of it is read`,
  }),
  'constant-condition': words<{ value: string }>({
    severity: 'warning',
    message: ({ value }) => `this condition is ${value} for every row`,
  }),
  'case-sensitive-name': words<{ operator: string; column: string; instead: string }>({
    severity: 'note',
    message: ({ operator, column }) =>
      `\`${operator}\` tells letters’ case apart, and \`${column}\` is not written alike everywhere`,
    help: ({ instead }) => `\`${instead}\` does not`,
  }),
  'short-needle': words<{ needle: string }>({
    severity: 'note',
    message: ({ needle }) =>
      `\`"${needle}"\` is shorter than three characters: the service’s index cannot help, and every row is read`,
  }),
  'needle-never-matches': words<{ needle: string; why: string }>({
    severity: 'warning',
    message: ({ needle, why }) => `\`"${needle}"\` can never match: ${why}`,
  }),
  'retired-table': words<{ table: string; instead: string }>({
    severity: 'warning',
    message: ({ table }) => `\`${table}\` is no longer filled`,
    help: ({ instead }) => `its place was taken by \`${instead}\``,
  }),
  'case-missed': words<{ case: string; why: string }>({
    severity: 'warning',
    message: ({ case: name, why }) => `must catch “${name}”: ${why}`,
  }),
  'case-not-left': words<{ case: string; row: string }>({
    severity: 'warning',
    message: ({ case: name, row }) => `must leave alone “${name}”: it gives ${row}`,
  }),
  'test-missed': words<{ test: string; says: string; why: string; note?: string | undefined }>({
    severity: 'warning',
    message: ({ test, says, why }) => `misses “${test}”: ${says}; ${why}`,
    help: ({ note }) => note,
  }),
  'signal-not-read': words<{
    test: string
    says: string
    table: string
    reads: readonly string[]
    note?: string | undefined
  }>({
    severity: 'note',
    message: ({ test, says, table, reads }) =>
      `does not look at “${test}”: ${says}; that is in ${table}, and the query reads ${reads.join(', ') || 'no table'}`,
    help: ({ note }) => note,
  }),
  'unknown-modifier': words<{ name: string; closest?: string | undefined }>({
    severity: 'error',
    message: ({ name }) => `unknown modifier \`${name}\``,
    help: ({ closest }) => (closest ? `closest match is \`${closest}\`` : undefined),
  }),
  'modifier-does-not-apply': words<{ modifier: string; reason: string }>({
    severity: 'error',
    message: ({ modifier, reason }) => `\`${modifier}\` does not apply: ${reason}`,
  }),
  'unknown-search': words<{ name: string; known: readonly string[] }>({
    severity: 'error',
    message: ({ name }) => `the condition names \`${name}\`, and the detection has no such search`,
    help: ({ known }) => `searches: ${known.slice(0, 8).join(', ')}`,
  }),
  'placeholder-without-values': words<{ name: string }>({
    severity: 'error',
    message: ({ name }) => `the placeholder \`%${name}%\` has no values here`,
  }),
  'unknown-rule': words<{ name: string; closest?: string | undefined }>({
    severity: 'error',
    message: ({ name }) => `no rule here has the id or name \`${name}\``,
    help: ({ closest }) => (closest ? `closest match is \`${closest}\`` : undefined),
  }),
  'ambiguous-rule': words<{ name: string; count: number }>({
    severity: 'error',
    message: ({ name, count }) => `${count} rules here have the id or name \`${name}\``,
  }),
  'rule-not-usable': words<{ name: string }>({
    severity: 'error',
    message: ({ name }) => `\`${name}\` cannot run itself`,
  }),
  'sigma-schema': words<{ key: string; found: string | undefined; expected: string; closest?: string | undefined }>({
    severity: 'warning',
    message: ({ key, found, expected }) =>
      found === undefined
        ? `\`${key}\` is missing, and Sigma’s schema asks for it`
        : `\`${key}\` is \`${found}\`; Sigma’s schema asks for ${expected}`,
    help: ({ closest }) => (closest ? `closest match is \`${closest}\`` : undefined),
  }),
  'sigma-without': words<{ key: string; effect: string }>({
    severity: 'note',
    message: ({ key, effect }) => `the rule has no \`${key}\`: ${effect}`,
  }),
  'sigma-dates': words<{ date: string; modified: string }>({
    severity: 'warning',
    message: ({ date, modified }) => `the rule was modified on ${modified}, before it was made on ${date}`,
  }),
  'sigma-tag': words<{ tag: string; why: string; closest?: string | undefined }>({
    severity: 'warning',
    message: ({ tag, why }) => `the tag \`${tag}\` says nothing: ${why}`,
    help: ({ closest }) => (closest ? `closest match is \`${closest}\`` : undefined),
  }),
  'sigma-log-source': words<{ key: string; name: string; closest: string }>({
    severity: 'warning',
    message: ({ key, name }) => `no ${key} of logs is called \`${name}\``,
    help: ({ closest }) => `closest match is \`${closest}\``,
  }),
  'sigma-field': words<{ field: string; closest: string }>({
    severity: 'warning',
    message: ({ field }) => `the log has no field \`${field}\` that is known here`,
    help: ({ closest }) => `closest match is \`${closest}\``,
  }),
  'sigma-twice': words<{ key: string; name: string; other: string }>({
    severity: 'warning',
    message: ({ key, name, other }) => `the ${key} \`${name}\` is also that of “${other}”`,
  }),
  'search-not-used': words<{ name: string }>({
    severity: 'warning',
    message: ({ name }) => `no condition names the search \`${name}\``,
  }),
  'modifier-in-vain': words<{ modifier: string; why: string }>({
    severity: 'warning',
    message: ({ modifier, why }) => `\`${modifier}\` does not do what it is for: ${why}`,
  }),
  'control-character': words<{ name: string }>({
    severity: 'warning',
    message: ({ name }) => `the value holds a control character, ${name}`,
    help: () => 'in double quotes YAML reads a backslash as an escape; in single quotes it is one',
  }),
  'value-twice': words<{ value: string }>({
    severity: 'note',
    message: ({ value }) => `\`${value}\` stands there twice`,
  }),
  'filter-keeps': words<Record<never, never>>({
    severity: 'warning',
    message: () => 'the condition has no `not`: the filter keeps only the events that it selects',
    help: () => 'to leave them out: `not selection`',
  }),
  'correlation-never': words<{ most: number | undefined }>({
    severity: 'warning',
    message: ({ most }) =>
      most === undefined ? 'no count meets this condition' : `no count of ${most} rules meets this condition`,
    help: () => 'counts begin at one: a window is looked at when an event comes',
  }),
  'correlation-at-once': words<Record<never, never>>({
    severity: 'note',
    message: () => 'one event alone meets this condition: every group matches with its first',
  }),
  'alias-not-used': words<{ alias: string }>({
    severity: 'note',
    message: ({ alias }) => `the alias \`${alias}\` is neither grouped by nor counted`,
  }),
  'alias-without-rule': words<{ alias: string; rule: string }>({
    severity: 'warning',
    message: ({ alias, rule }) => `the alias \`${alias}\` speaks of \`${rule}\`, which the correlation does not name`,
  }),
  'alias-lacks-rule': words<{ alias: string; rule: string }>({
    severity: 'warning',
    message: ({ alias, rule }) => `the alias \`${alias}\` does not say which field of \`${rule}\` it is`,
    help: () => 'the field of its own name is taken',
  }),
  'overlay-not-read': words<{ reason: string }>({
    severity: 'error',
    message: ({ reason }) => `the overlay cannot be read: ${reason}`,
  }),
  'overlay-wrong': words<{ key: string; found: string | undefined; expected: string; closest?: string | undefined }>({
    severity: 'error',
    message: ({ key, found, expected }) =>
      `\`${key}\`${found === undefined ? '' : ` is \`${found}\``}: expected ${expected}`,
    help: ({ closest }) => (closest ? `closest match is \`${closest}\`` : undefined),
  }),
  'overlay-twice': words<{ id: string }>({
    severity: 'error',
    message: ({ id }) => `two entries of the overlay are called \`${id}\``,
  }),
  'overlay-ended': words<{ id: string; expires: string }>({
    severity: 'warning',
    message: ({ id, expires }) => `the entry \`${id}\` of the overlay ended on ${expires} and changes nothing`,
  }),
  'overlay-not-used': words<{ id: string }>({
    severity: 'warning',
    message: ({ id }) => `the entry \`${id}\` of the overlay means no rule that is here`,
  }),
  'overlay-filter': words<{ id: string; rule: string; reason: string }>({
    severity: 'warning',
    message: ({ id, rule, reason }) => `the filter of the entry \`${id}\` is not laid over “${rule}”: ${reason}`,
  }),
  'filter-without-rule': words<{ name: string }>({
    severity: 'warning',
    message: ({ name }) => `the filter names \`${name}\`, and no rule here has that id or name`,
  }),
  'filter-does-not-apply': words<{ name: string; reason: string }>({
    severity: 'warning',
    message: ({ name, reason }) => `the filter does not apply to \`${name}\`: ${reason}`,
  }),
  'log-source-not-read': words<{ source: string }>({
    severity: 'warning',
    message: ({ source }) => `no telemetry read here is a log of ${source}; the rule does not apply`,
  }),
  'policy-not-read': words<{ reason: string }>({
    severity: 'error',
    message: ({ reason }) => `the policy cannot be read: ${reason}`,
  }),
  'policy-unknown-key': words<{ key: string; closest?: string | undefined; known: readonly string[] }>({
    severity: 'error',
    message: ({ key }) => `\`${key}\` is no known name here; a constraint that is not understood must not fall away`,
    help: ({ closest, known }) => (closest ? `closest match is \`${closest}\`` : `known: ${known.join(', ')}`),
  }),
  'policy-wrong-value': words<{ key: string; found: string; expected: string }>({
    severity: 'error',
    message: ({ key, found, expected }) => `\`${key}\` is \`${found}\`, expected ${expected}`,
  }),
  'policy-missing-key': words<{ key: string; of: 'file' | 'entry' }>({
    severity: 'error',
    message: ({ key, of }) => `the ${of} has no \`${key}\``,
  }),
  'policy-twice': words<{ what: string }>({
    severity: 'error',
    message: ({ what }) => `\`${what}\` stands there twice`,
  }),
  'policy-unknown-name': words<{ what: 'tool' | 'category' | 'group'; name: string; closest?: string | undefined }>({
    severity: 'error',
    message: ({ what, name }) => `no ${what} \`${name}\``,
    help: ({ what, closest }) =>
      closest
        ? `closest match is \`${closest}\``
        : what === 'group'
          ? undefined
          : '`latchkey tools` lists tools and their categories',
  }),
  'policy-file-not-read': words<{ path: string; reason: string }>({
    severity: 'error',
    message: ({ path, reason }) => `the hosts of \`${path}\` cannot be read: ${reason}`,
  }),
  'policy-name-alone': words<{ id: string; tools: string }>({
    severity: 'error',
    message: ({ id, tools }) =>
      `\`${id}\` approves ${tools} by its name alone: whoever brings the same product is approved too`,
    help: () => 'give the tenant where there is one, else signers or paths',
  }),
  'policy-without-tenant': words<{ id: string; tool: string; facts: readonly string[] }>({
    severity: 'error',
    message: ({ id, tool }) => `\`${id}\` approves everybody’s instance of ${tool}`,
    help: ({ facts }) => `telemetry can show its ${facts.slice(0, 5).join(', ')}: give \`tenant\``,
  }),
  'policy-any-tenant': words<{ value: string; why: string }>({
    severity: 'error',
    message: ({ value, why }) => `\`${value}\` is everybody’s: ${why}`,
    help: () => 'name the instance',
  }),
  'policy-unknown-tenant-fact': words<{ name: string; tool: string; known: readonly string[] }>({
    severity: 'error',
    message: ({ name, tool }) =>
      `no telemetry read here shows \`${name}\` of ${tool}, so the entry could never approve anything`,
    help: ({ known }) => (known.length > 0 ? `known: ${known.join(', ')}` : 'no fact of its instances is known'),
  }),
  'policy-ended': words<{ id: string; when: string }>({
    severity: 'warning',
    message: ({ id, when }) => `\`${id}\` ended ${when}`,
  }),
  'policy-not-confirmed': words<{ id: string }>({
    severity: 'warning',
    message: ({ id }) => `\`${id}\` is not confirmed and approves nothing`,
    help: () => '`confirmed: true`, once somebody answers for it',
  }),
  'policy-unlimited': words<{ id: string; key: 'expires' | 'owner' }>({
    severity: 'note',
    message: ({ id, key }) => (key === 'expires' ? `\`${id}\` never ends` : `\`${id}\` has no owner to ask`),
  }),
  'policy-blind': words<{ id: string; name: string }>({
    severity: 'warning',
    message: ({ id, name }) => `\`${id}\` approves although nothing shows \`${name}\``,
  }),
} as const

export type DiagnosticCode = keyof typeof MESSAGES

/** The facts that the words of a code need. */
export type DiagnosticFacts<Code extends DiagnosticCode> = Parameters<(typeof MESSAGES)[Code]['message']>[0]
