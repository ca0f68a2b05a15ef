import { describe, expect, test } from 'vitest'
import { collect, type Member } from './collection.js'
import { lowerSigma } from './lower.js'
import { parseSigma } from './parser.js'

const rule = (name: string, more = ''): string =>
  `title: ${name}\nname: ${name}\nlogsource: { product: windows, category: process_creation }\ndetection: { s: { a: 1 }, condition: s }\n${more}`

const correlation = (body: string, name = 'c'): string => `title: ${name}\nname: ${name}\ncorrelation: { ${body} }\n`

const members = (...documents: readonly string[]): readonly Member[] =>
  collect(parseSigma(documents.join('---\n')).documents)

const messages = (...documents: readonly string[]): readonly string[] => {
  const { documents: read, diagnostics } = parseSigma(documents.join('---\n'))
  return [...diagnostics, ...collect(read).flatMap((each) => each.diagnostics)].map(({ message }) => message)
}

const COUNT = 'type: event_count, rules: [a], group-by: [u], timespan: 5m, condition: { gte: 3 }'

describe('correlations', () => {
  test('find rules by name and by id, which has no case', () => {
    const id = 'id: 0E95725D-7320-415D-80F7-004DA920FC11\n'
    const [, found] = members(
      rule('a', id),
      correlation(COUNT.replace('[a]', '[0e95725d-7320-415d-80f7-004da920fc11]')),
    )
    expect(found?.kind === 'correlation' && found.resolved?.inputs.map((each) => each.kind)).toEqual(['rule'])
  })

  test('hide their rules, unless one of them generates', () => {
    const reported = (more: string) =>
      members(rule('a'), rule('b'), correlation(`${COUNT}${more}`)).map((each) => each.isReported)
    expect(reported('')).toEqual([false, true, true])
    expect(reported(', generate: true')).toEqual([true, true, true])
  })

  test('of correlations', () => {
    const above = correlation('type: temporal_ordered, rules: [c, b], group-by: u, timespan: 1h', 'd')
    const found = members(rule('a'), rule('b'), correlation(COUNT), above)[3]
    const resolved = found?.kind === 'correlation' ? found.resolved : undefined
    expect(resolved?.inputs.map(({ kind }) => kind)).toEqual(['correlation', 'rule'])
    expect(resolved?.spec).toMatchObject({
      timespan: 3_600_000_000,
      groupBy: ['u'],
      condition: { bounds: [{ operator: 'gte', value: 2 }] },
    })
  })

  test('take their rules from the condition where they list none', () => {
    const found = members(rule('a'), rule('b'), correlation(`type: temporal, timespan: 1h, condition: a and not b`))[2]
    expect(found?.kind === 'correlation' && found.resolved?.spec.rules.map(({ name }) => name)).toEqual(['a', 'b'])
  })

  test.each([
    ['a rule that there is not', COUNT.replace('[a]', '[aa]'), 'no rule here has the id or name `aa`'],
    ['itself', COUNT.replace('[a]', '[c]'), 'comes back to itself'],
    ['no rules', COUNT.replace('rules: [a], ', ''), 'has no `rules`'],
    ['a rule twice', COUNT.replace('[a]', '[a, a]'), '`a` twice'],
    ['an unknown type', COUNT.replace('event_count', 'event_cont'), 'expected one of event_count'],
    ['an unknown key', `${COUNT}, window: session`, '`window` in a correlation'],
    ['no timespan', COUNT.replace('timespan: 5m, ', ''), 'has no `timespan`'],
    ['a timespan without unit', COUNT.replace('5m', '5'), 'a number and a unit'],
    ['a timespan of nothing', COUNT.replace('5m', '0s'), 'a number and a unit'],
    ['no condition', COUNT.replace(', condition: { gte: 3 }', ''), 'has no `condition`'],
    ['an unknown operator', COUNT.replace('gte', 'get'), 'closest is `gt`'],
    ['a text for a number', COUNT.replace('gte: 3', 'gte: many'), 'expected a number'],
    ['a condition of names', COUNT.replace('{ gte: 3 }', 'a and b'), 'a map, as `gte: 10`'],
    [
      'a field that is not counted',
      COUNT.replace('gte: 3', 'gte: 3, field: x'),
      '`field` in the condition of event_count',
    ],
    ['no field', COUNT.replace('event', 'value'), 'has no `condition.field`'],
    [
      'two fields to sum',
      COUNT.replace('event_count', 'value_sum').replace('gte: 3', 'gte: 3, field: [x, y]'),
      'more than one field',
    ],
    [
      'no percentile',
      COUNT.replace('event_count', 'value_percentile').replace('gte: 3', 'gte: 3, field: x'),
      'has no `condition.percentile`',
    ],
    ['aliases that are none', `${COUNT}, aliases: { u: x }`, 'a map of rules and their fields'],
    [
      'an order of what may be missing',
      'type: temporal_ordered, rules: [a, c2], timespan: 1m, condition: a or c2',
      '`or` and `not`',
    ],
    ['a rule that the condition leaves out', 'type: temporal, rules: [a, c2], timespan: 1m, condition: a', 'as `c2`,'],
    ['a quantifier', 'type: temporal, rules: [a], timespan: 1m, condition: 1 of them', '`of` in the condition'],
  ])('with %s are refused', (_name, body, message) => {
    expect(messages(rule('a'), rule('c2'), correlation(body)).join('\n')).toContain(message)
    expect(members(rule('a'), rule('c2'), correlation(body))[2]).toMatchObject({ resolved: undefined })
  })

  test('in a circle, or on what is refused, are refused', () => {
    const ring = [correlation(COUNT.replace('[a]', '[d]'), 'c'), correlation(COUNT.replace('[a]', '[c]'), 'd')]
    expect(members(...ring).map((each) => each.kind === 'correlation' && each.resolved)).toEqual([undefined, undefined])
    expect(
      messages(rule('a'), correlation(COUNT.replace('gte', 'x')), correlation(COUNT.replace('[a]', '[c]'), 'd')).join(
        '\n',
      ),
    ).toContain('`c` cannot run itself')
  })

  test('on a name that two rules have are refused', () => {
    expect(messages(rule('a'), rule('a'), correlation(COUNT))).toEqual(['2 rules here have the id or name `a`'])
  })
})

describe('filters', () => {
  const filter = (rules: string, more = 's: { u: x }, condition: not s', source = 'product: windows'): string =>
    `title: f\nlogsource: { ${source} }\nfilter: { rules: ${rules}, ${more} }\n`

  const lowered = (member: Member | undefined): string => {
    if (member?.kind !== 'rule') return ''
    const result = lowerSigma(member.rule, { placeholders: new Map(), fieldKind: () => 'text' })
    return result.ok ? [...result.columns.keys()].join(' ') : result.diagnostics.map(({ message }) => message).join(' ')
  }

  test('narrow the rules that they name', () => {
    const [a, b] = members(rule('a'), rule('b'), filter('[a]'))
    expect([lowered(a), lowered(b)]).toEqual(['a u', 'a'])
  })

  test('narrow any rule of their log source', () => {
    const other = rule('b').replace('windows', 'linux')
    expect(members(rule('a'), other, filter('any')).map((each) => each.kind === 'rule' && each.filters.length)).toEqual(
      [1, 0, false],
    )
    expect(messages(other, filter('[b]'))).toEqual(['the filter does not apply to `b`: it is about another log source'])
  })

  test('that narrow a category do not narrow what names none', () => {
    const plain = rule('a').replace(', category: process_creation', '')
    expect(messages(plain, filter('[a]', undefined, 'product: windows, category: process_creation'))).toHaveLength(1)
  })

  test('have searches that the rule’s own conditions do not see', () => {
    const many = rule('a').replace('condition: s', 't_1: { b: 1 }, condition: all of them')
    const [narrow] = members(many, filter('any', 's: { u: x }, t_1: { v: y }, condition: not 1 of t_*'), filter('any'))
    expect(lowered(narrow)).toBe('a b v u')
  })

  test('leave a pattern that fits nothing as it is', () => {
    expect(lowered(members(rule('a').replace('condition: s', 'condition: 1 of x*'), filter('any'))[0])).toContain(
      '`x*`',
    )
  })

  test('tell of rules that there are not', () => {
    expect(messages(rule('a'), filter('[a, gone]'))).toEqual([
      'the filter names `gone`, and no rule here has that id or name',
    ])
  })
})

test('given fields stand beside the events', () => {
  const [document] = parseSigma(rule('a')).documents
  const result = lowerSigma(document!, { placeholders: new Map(), fieldKind: () => 'text', given: ['User', 'a'] })
  expect(result.ok && result.query.body.columns.map(({ name }) => name)).toEqual(['uid', 'time', 'given 0', 'given 1'])
  expect(result.ok && [...result.columns.keys()]).toEqual(['a', 'User'])
})
