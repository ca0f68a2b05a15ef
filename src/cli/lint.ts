import { type LintedRule, lintRule } from '../detection/lint/lint-rule.js'
import { lintSigma } from '../detection/lint/sigma/index.js'
import { applyOverlay } from '../detection/overlay/apply-overlay.js'
import type { Overlay } from '../detection/overlay/overlay.js'
import { relocate } from '../detection/rules/source-map.js'
import { loadRules } from '../detection/rules.js'
import { sarifChunks } from '../findings/render/sarif.js'
import { plural } from '../findings/render/words.js'
import type { Watchlists } from '../ir/schema.js'
import type { Diagnostic } from '../text/diagnostic.js'
import { wrap } from '../text/fit.js'
import { createPaint } from '../text/paint.js'
import { positionAt } from '../text/span.js'
import { visible, visibleJson } from '../text/visible.js'
import { placeholdersOf, timeOption, watchlistsOf } from './input.js'
import { checkOutput, type OutputOptions, writeOutput } from './output.js'
import { overlayAt } from './overlay-file.js'
import { type RuleSource, ruleSources } from './rule-source.js'
import { diagnosticText, terminalOf } from './terminal.js'

export interface LintOptions extends OutputOptions {
  readonly format?: 'table' | 'json' | 'sarif'
  readonly quiet?: boolean
  readonly watchlists?: string
  readonly placeholders?: string
  readonly asOf?: string
  readonly overlay?: string
}

interface LintedSource {
  readonly source: RuleSource
  readonly diagnostics: readonly Diagnostic[]
  readonly tests: readonly { readonly title: string; readonly signals: number; readonly caught: number }[]
}

/** `latchkey lint`: what is wrong with rules and queries, without any logs. Exit code 2 where one of them cannot run. */
export async function lint(given: readonly string[], options: LintOptions): Promise<number> {
  checkOutput(options)
  const overlay = options.overlay === undefined ? undefined : overlayAt(options.overlay)
  const read = (await Promise.all(given.map(ruleSources))).flat()
  const { sources, diagnostics } = underOverlay(read, overlay)
  const asOf = timeOption('--as-of', options.asOf) ?? Date.now() * 1000
  const watchlists = watchlistsOf(options.watchlists)
  const sigma = lintSigma(
    sources.map((source) => sigmaFile(source)),
    { placeholders: placeholdersOf(options.placeholders) },
  )
  const linted = sources.map((source, index) =>
    lintSource(source, asOf, options.quiet === true, watchlists, sigma[index]!),
  )
  if (overlay) linted.unshift(lintedOverlay(overlay, diagnostics))
  const terminal = terminalOf(options.out === undefined ? process.stdout : undefined)
  await writeOutput(print(linted, options.format ?? 'table', terminal), options)
  return linted.some(({ diagnostics }) => diagnostics.some(({ severity }) => severity === 'error')) ? 2 : 0
}

function lintSource(
  source: RuleSource,
  asOf: number,
  quiet: boolean,
  watchlists: Watchlists | undefined,
  sigma: readonly Diagnostic[],
): LintedSource {
  const rules = source.rules.map(({ rule, queryMap }) => ({ rule, queryMap, linted: lintRule(rule, asOf, watchlists) }))
  const diagnostics = [
    ...(source.file?.diagnostics ?? []),
    ...sigma,
    ...rules.flatMap(({ linted, queryMap }) => linted.diagnostics.map((each) => relocate(each, queryMap))),
  ]
  return {
    source,
    diagnostics: quiet ? diagnostics.filter(({ severity }) => severity !== 'note') : diagnostics,
    tests: rules.flatMap(({ rule, linted }) => testsOf(rule.title, linted)),
  }
}

/** The sources without the rules that an overlay disables, and what is to be said of the overlay. */
function underOverlay(
  read: readonly RuleSource[],
  overlay: Overlay | undefined,
): { readonly sources: readonly RuleSource[]; readonly diagnostics: readonly Diagnostic[] } {
  if (!overlay || overlay.diagnostics.length > 0) return { sources: read, diagnostics: overlay?.diagnostics ?? [] }
  const files = read.flatMap(({ name, file }) => (file ? [{ ...file, path: name }] : []))
  const laid = applyOverlay(overlay, loadRules(), files, Date.now())
  const byPath = new Map(laid.files.map((file) => [file.path, file]))
  const sources = read.map((source) => {
    const file = byPath.get(source.name)
    if (!source.file || !file) return source
    const kept = new Set(file.rules.map(({ rule }) => rule.id))
    // As the file has them: what an overlay adds stands elsewhere.
    const documents = source.file.documents.filter((_, index) => !laid.disabled.has(file.documents[index]!))
    return {
      ...source,
      file: { ...source.file, documents },
      rules: source.rules.filter(({ rule }) => kept.has(rule.id)),
    }
  })
  return { sources, diagnostics: laid.diagnostics }
}

const lintedOverlay = ({ path, text }: Overlay, diagnostics: readonly Diagnostic[]): LintedSource => ({
  source: { name: path, text, file: undefined, rules: [] },
  diagnostics,
  tests: [],
})

const sigmaFile = ({ name, file }: RuleSource) => ({
  path: name,
  documents: file?.documents ?? [],
  diagnostics: file?.diagnostics ?? [],
})

const testsOf = (title: string, { tests }: LintedRule) =>
  tests === undefined ? [] : [{ title, signals: tests.signals, caught: tests.caught }]

function print(
  linted: readonly LintedSource[],
  format: 'table' | 'json' | 'sarif',
  terminal: { readonly width: number; readonly colour: boolean },
): Iterable<string> {
  switch (format) {
    case 'table':
      return printText(linted, terminal)
    case 'json':
      return [visibleJson(`${JSON.stringify(linted.map(plain), null, 2)}\n`)]
    case 'sarif':
      return sarifChunks(
        linted.map(({ source, diagnostics }) => ({ name: source.name, text: source.text, diagnostics })),
      )
  }
}

function* printText(
  linted: readonly LintedSource[],
  { width, colour }: { readonly width: number; readonly colour: boolean },
): Iterable<string> {
  const paint = createPaint(colour)
  const totals = { error: 0, warning: 0, note: 0 }
  for (const { source, diagnostics, tests } of linted) {
    for (const group of together(diagnostics)) {
      for (const { severity } of group) totals[severity]++
      yield `${fitted(group, source, width, colour)}\n`
    }
    for (const { title, signals, caught } of tests) {
      const words = `tests of ${visible(title)}: ${caught} of ${plural(signals, 'signal')} caught`
      yield `${wrap(words, width - 2)
        .map((line, index) => (index === 0 ? paint.bold(line) : `  ${paint.bold(line)}`))
        .join('\n')}\n\n`
    }
  }
  const rules = linted.reduce((sum, { source }) => sum + source.rules.length + (source.file?.documents.length ?? 0), 0)
  const parts = (['error', 'warning', 'note'] as const).filter((severity) => totals[severity] > 0)
  const found = parts.map((severity) => plural(totals[severity], severity)).join(', ')
  yield `${plural(rules, 'rule')}: ${found === '' ? 'nothing to say' : found}\n`
}

/** Diagnostics of one place after another, which is then shown once. */
function together(diagnostics: readonly Diagnostic[]): readonly (readonly [Diagnostic, ...Diagnostic[]])[] {
  const groups: [Diagnostic, ...Diagnostic[]][] = []
  for (const diagnostic of diagnostics) {
    const last = groups[groups.length - 1]
    const [first] = last ?? []
    const samePlace = first?.span?.start === diagnostic.span?.start && first?.span?.end === diagnostic.span?.end
    if (last && samePlace) last.push(diagnostic)
    else groups.push([diagnostic])
  }
  return groups
}

/** The messages wrapped to the width, the place, and the marked line cut around the mark. */
function fitted(
  group: readonly [Diagnostic, ...Diagnostic[]],
  source: RuleSource,
  width: number,
  colour: boolean,
): string {
  const out: string[] = []
  for (const [index, diagnostic] of group.entries()) {
    const [head = ''] = diagnosticText({ ...diagnostic, help: undefined, span: undefined }, undefined, colour).split(
      '\n',
    )
    out.push(...wrap(head, width - 2).map((text, line) => (line === 0 ? text : `  ${text}`)))
    const { help } = diagnostic
    if (help !== undefined && group[index + 1]?.help !== help)
      out.push(...wrap(`help: ${visible(help)}`, width - 4).map((text) => `  ${text}`))
  }
  const [, place, line, mark] = diagnosticText({ ...group[0], help: undefined }, source, colour).split('\n')
  if (place !== undefined && line !== undefined && mark !== undefined) {
    const start = mark.search(/[^ \t]/)
    // Of a line whose mark is far to the right, what stands left of it is cut away, margin and all.
    const shift = start > width * 0.6 ? start - Math.floor(width * 0.3) : 0
    out.push(place, line.slice(shift, shift + width), colour ? mark.slice(shift) : mark.slice(shift, shift + width))
  }
  return `${out.join('\n')}\n`
}

function plain({ source, diagnostics, tests }: LintedSource): unknown {
  return {
    file: source.name,
    rules: [
      ...source.rules.map(({ rule }) => ({ id: rule.id, title: rule.title })),
      ...(source.file?.documents ?? []).map(({ id, name, title }) => ({ id: id ?? name ?? title, title })),
    ],
    tests,
    diagnostics: diagnostics.map(({ code, severity, message, help, span }) => ({
      code,
      severity,
      message,
      help: help ?? null,
      ...(span === undefined
        ? {}
        : { start: positionAt(source.text, span.start), end: positionAt(source.text, span.end) }),
    })),
  }
}
