import { existsSync, readFileSync } from 'node:fs'
import type { FileRule, RuleFile } from '../detection/rules/index.js'
import { allRules, type Rule } from '../detection/rules.js'
import { ConfigurationError } from './failure.js'
import { rulesAt } from './rules-at.js'

/** What `lint` and `explain` were given: rules of a file, a rule of ours by its id, or a query. */
export interface RuleSource {
  readonly name: string
  readonly text: string
  readonly file: RuleFile | undefined
  readonly rules: readonly (Pick<FileRule, 'queryMap'> & { readonly rule: Rule })[]
}

const same = (offset: number): number => offset

/** A path, `@file`, the id of a rule that comes with latchkey, or the text of a query. */
export async function ruleSources(given: string): Promise<readonly RuleSource[]> {
  if (given.startsWith('@')) return [ofQuery(given.slice(1), readText(given.slice(1)))]
  if (existsSync(given))
    return (await rulesAt(given)).map((file) => ({ name: file.path, text: file.text, file, rules: file.rules }))
  const ours = allRules().find(({ id }) => id === given)
  if (ours) return [{ name: ours.id, text: ours.query, file: undefined, rules: [{ rule: ours, queryMap: same }] }]
  if (/^[^\s|]*([/\\][^\s|]*|\.(ya?ml|json|kql))$/i.test(given)) throw new ConfigurationError(`${given} does not exist`)
  return [ofQuery('query', given)]
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '')
  } catch (error) {
    throw new ConfigurationError(`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function ofQuery(name: string, text: string): RuleSource {
  const rule: Rule = {
    id: name,
    title: name,
    level: 'informational',
    confidence: 'medium',
    techniques: [],
    source: name,
    about: '',
    language: 'kql',
    query: text,
    why: '',
    flags: {},
    false_positives: [],
  }
  return { name, text, file: undefined, rules: [{ rule, queryMap: same }] }
}
