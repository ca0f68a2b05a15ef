import { describe, expect, it } from 'vitest'
import { compilePattern } from '../src/backends/reference/functions/pattern.js'
import { LONGEST_QUERY, parseKql } from '../src/dialects/kql/parser.js'
import { isLike } from '../src/text/wildcard.js'
import { answer, lowered } from './fixtures/kql-engines.js'

// What a query from somewhere else can be made of: it may be refused, but it neither hangs nor leaves its quotes. Every engine is asked.

const quoted = (text: string): string =>
  `"${text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n').replace(/\r/g, '\\r').replace(/\t/g, '\\t')}"`

const TEXTS = [
  "it's",
  "''",
  '"',
  '""',
  '\\',
  "\\'",
  "a' OR 1=1 --",
  "');DROP TABLE t;--",
  '/* x */',
  '// x',
  '--',
  ';',
  '`',
  '$1',
  '$$',
  '$' + '{x}',
  '{p:String}',
  ':name',
  '?',
  '%s%n',
  '\n\r\t',
  '\u2028é日本😀',
  '\\x41',
  '\\N',
  '\u0000x',
]

describe('texts of every kind', () => {
  it('come back as they were from each place where a text may stand', async () => {
    for (const text of TEXTS) {
      const it = quoted(text)
      const wanted = JSON.stringify(text)
      const query = `print same = ${it} == strcat(${it}, ""), size = strlen(${it}), one = ${it} in (${it}, "x"), bag = tostring(bag_pack(${it}, ${it})),
        found = ${it} contains ${it}, split = array_length(split(strcat(${it}, "|x"), "|")), back = dynamic({"k": [${JSON.stringify(text).replace(/\u2028/g, '\\u2028')}]}).k[0] == ${it}`
      expect(await answer(query), wanted).toEqual([
        `True | ${[...text].length} | True | {${wanted}:${wanted}} | True | 2 | True`,
      ])
    }
  })

  it('may be names of columns', async () => {
    for (const name of TEXTS.filter((text) => !/[\n\r\t\u0000]/.test(text))) {
      const column = `[${quoted(name)}]`
      const query = `print ${column} = 1 | extend ${column} = ${column} + 1 | summarize total = sum(${column}) by ${column} | where ${column} == 2`
      expect(await answer(query), name).toEqual(['2 | 2'])
    }
  })

  it('may be patterns that are known only row by row', async () => {
    for (const text of TEXTS) {
      const query = `datatable(t:string) [${quoted(`<${text}>`)}] | extend p = regex_quote(${quoted(text)})
        | project a = t matches regex p, b = extract(strcat("(", p, ")"), 1, t) == ${quoted(text)}, c = replace_regex(t, p, "-")`
      expect(await answer(query), text).toEqual(['True | True | <->'])
    }
  })
})

/** Each takes a backtracking engine longer than anyone waits. */
const CATASTROPHES = [
  '^(a+)+$',
  '^(a|aa)+$',
  '^(a|a?)+$',
  '^(([a-z])+.)+[A-Z]([a-z])+$',
  '(.*a){20}$',
  '(?:a?){25}a{25}b',
]

describe('regular expressions that never end', () => {
  const text = `strcat(strrep("a", 1000), "!")`

  it('end, written out', async () => {
    for (const pattern of CATASTROPHES)
      expect(
        await answer(`print m = ${text} matches regex ${quoted(pattern)}, e = extract(${quoted(pattern)}, 0, ${text})`),
      ).toEqual(['False | '])
  })

  it('end, known only row by row', async () => {
    const rows = `datatable(p:string) [${CATASTROPHES.map(quoted).join(', ')}] | extend t = ${text}`
    const uses = [
      't matches regex p',
      'extract(p, 0, t) != ""',
      'indexof_regex(t, p) >= 0',
      'replace_regex(t, p, "") != t',
      'isnotnull(extract_all(strcat("(", p, ")"), t))',
    ]
    for (const use of uses) expect(await answer(`${rows} | where ${use} | count`), use).toEqual(['0'])
  })

  it('are refused where RE2 has no such thing', async () => {
    for (const pattern of ['(?=a)b', '(?<!a)b', '(a)\\\\1', 'a{1001}', '[x', '(', '*', '\\\\q', '(?<n>a)(?<n>b)']) {
      const query = `datatable(p:string) ["${pattern}"] | project m = "ab" matches regex p`
      await expect(answer(query), pattern).rejects.toThrow()
      expect(() => compilePattern(pattern.replace(/\\\\/g, '\\')), pattern).toThrow()
    }
  })

  it('mean what RE2 means by them', () => {
    const spans = (source: string, text: string): string =>
      compilePattern(source)
        .findAll(text)
        .map(({ start, end }) => `${start}-${end}`)
        .join(' ')
    expect(spans('b*', 'abc')).toBe('0-0 1-2 3-3')
    expect(spans('(?i)é', 'ÉéE')).toBe('0-1 1-2')
    expect(spans('.', '😀a')).toBe('0-2 2-3')
    expect(spans('a|ab', 'ab')).toBe('0-1')
    expect(spans('(?U)a+', 'aa')).toBe('0-1 1-2')
    expect(spans('\\Qa.b\\E+', 'a.bb axb')).toBe('0-4')
    expect(spans('[[:alpha:]]\\pN', 'a1 ١')).toBe('0-2')
    expect(spans('x$', 'x\nx')).toBe('2-3')
  })

  it('hide in no wildcards', () => {
    const letters = (text: string): string[] => [...text]
    expect(isLike(letters('a'.repeat(5000)), letters(`${'*a'.repeat(1000)}b`))).toBe(false)
    expect(isLike(letters('abcabd'), letters('a*b?'))).toBe(true)
    expect(isLike(letters(''), letters('**'))).toBe(true)
    expect(() => lowered(`print ${'a'.repeat(60)} = 1 | project-away ${'*a'.repeat(40)}b*`)).not.toThrow()
  })
})

describe('queries too large or too deep', () => {
  it('are refused at once', () => {
    const big = parseKql(`print ${quoted('x'.repeat(10_000_000))}`)
    expect(big.diagnostics[0]?.message).toContain(`the limit is ${LONGEST_QUERY}`)
    for (const [open, close] of ['()', '[]'])
      expect(parseKql(`print ${open!.repeat(100_000)}1${close!.repeat(100_000)}`).diagnostics[0]?.message).toContain(
        'nesting',
      )
    expect(() => lowered(`print ${'-'.repeat(20_000)}1`)).toThrow('nesting')
    expect(() => lowered(`print ${'|'.repeat(20_000)}`)).toThrow('nesting')
    expect(() => lowered(`print x${' or x'.repeat(20_000)}`)).toThrow('nesting')
    expect(() => lowered(`print ${'not('.repeat(150)}true${')'.repeat(150)}`)).not.toThrow()
  })

  it('may have a list of tens of thousands', async () => {
    const list = Array.from({ length: 20_000 }, (_, index) => `"v${index}'"`).join(',')
    expect(
      await answer(`range n from 19998 to 20001 step 1 | where strcat("v", n, "'") in (${list}) | project n`),
    ).toEqual(['19998', '19999'])
  })

  it('may be a chain of thousands', async () => {
    const chain = Array.from({ length: 500 }, (_, index) => `n == ${index * 2}`).join(' or ')
    expect(await answer(`range n from 0 to 9 step 1 | where ${chain} | count`)).toEqual(['5'])
    expect(await answer(`print n = 0${' | extend n = n + 1'.repeat(150)}`)).toEqual(['150'])
  })

  it('do not grow without end by functions that call functions', () => {
    const lets = Array.from(
      { length: 40 },
      (_, index) => `let f${index + 1} = (x:long) { f${index}(x) + f${index}(x) };`,
    )
    expect(() => lowered(`let f0 = (x:long) { x };\n${lets.join('\n')}\nprint f40(1)`)).toThrow(
      'unfolds into this many',
    )
  })
})
