import type { RuleFile } from '../detection/rules/index.js'
import type { Rule } from '../detection/rules.js'
import {
  factsOfSigma,
  hasTag,
  isNamed,
  isSelected,
  type RuleFacts,
  type RuleSelection,
} from '../detection/select-rules.js'
import { neededBy } from '../detection/sigma/needed-rules.js'
import { type GivenSigma, givenSigma } from '../detection/sigma/run-rules.js'
import { closestName } from '../text/closest-name.js'
import { ConfigurationError } from './failure.js'

export interface SelectionOptions {
  readonly status?: readonly string[]
  readonly tag?: readonly string[]
  readonly exclude?: readonly string[]
}

export interface ChosenRules {
  readonly rules: readonly Rule[]
  readonly sigma: readonly GivenSigma[]
  /** Patterns of `--exclude` that name no rule. */
  readonly unused: readonly string[]
}

/** The rules that run: `own` come with latchkey, `files` were given. A tag or status that no rule has is a mistake of the command. */
export function chooseRules(own: readonly Rule[], files: readonly RuleFile[], options: SelectionOptions): ChosenRules {
  const selection: RuleSelection = {
    statuses: (options.status ?? []).map((status) => status.toLowerCase()),
    tags: options.tag ?? [],
    excluded: options.exclude ?? [],
  }
  const rules = [
    ...own.map((rule) => ({ rule, facts: factsOfRule(rule, null) })),
    ...files.flatMap((file) => file.rules.map(({ rule }) => ({ rule, facts: factsOfRule(rule, file.path) }))),
  ]
  const sigma = files.flatMap((file) =>
    givenSigma(file).map((given) => ({ given, facts: factsOfSigma(given.document, given.file) })),
  )
  const all = [...rules, ...sigma].map(({ facts }) => facts)
  checkTags(selection.tags, all)
  checkStatuses(selection.statuses, all)
  const isChosen = ({ given: { document }, facts }: (typeof sigma)[number]): boolean =>
    // A filter has neither status nor tags of its own matter: it goes with the rules that it narrows.
    isSelected(facts, document.kind === 'filter' ? { ...selection, statuses: [], tags: [] } : selection)
  const needed = neededBy(
    sigma.filter(isChosen).map(({ given }) => given),
    sigma
      .filter(({ facts }) => !selection.excluded.some((pattern) => isNamed(facts, pattern)))
      .map(({ given }) => given),
  )
  return {
    rules: rules.filter(({ facts }) => isSelected(facts, selection)).map(({ rule }) => rule),
    sigma: sigma.flatMap((each): readonly GivenSigma[] => {
      if (isChosen(each)) return [each.given]
      return needed.has(each.given) ? [{ ...each.given, forOthers: true }] : []
    }),
    unused: selection.excluded.filter((pattern) => !all.some((facts) => isNamed(facts, pattern))),
  }
}

const factsOfRule = ({ id, title, techniques }: Rule, file: string | null): RuleFacts => ({
  id,
  title,
  file,
  status: null,
  tags: [],
  techniques,
})

function checkTags(wanted: readonly string[], rules: readonly RuleFacts[]): void {
  for (const tag of wanted)
    if (!rules.some((rule) => hasTag(rule, tag)))
      refuse(
        '--tag',
        tag,
        'tag',
        rules.flatMap(({ tags }) => tags),
      )
}

function checkStatuses(wanted: readonly string[], rules: readonly RuleFacts[]): void {
  const known = rules.flatMap(({ status }) => (status === null ? [] : [status.toLowerCase()]))
  for (const status of wanted) if (!known.includes(status)) refuse('--status', status, 'status', known)
}

function refuse(option: string, value: string, what: string, known: readonly string[]): never {
  const names = [...new Set(known)].sort()
  const closest = closestName(value, names)
  const help = closest
    ? `; closest is ${closest}`
    : names.length > 0 && names.length < 12
      ? `; there are ${names.join(', ')}`
      : ''
  throw new ConfigurationError(`${option} ${value}: no rule has that ${what}${help}`)
}
