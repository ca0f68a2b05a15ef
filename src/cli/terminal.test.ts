import { expect, test } from 'vitest'
import { diagnose } from '../text/diagnostic.js'
import { span } from '../text/span.js'
import { diagnosticText, terminalOf } from './terminal.js'

const screen = { isTTY: true, columns: 120 }
const pipe = { isTTY: false }

test.each([
  ['a terminal', screen, {}, true],
  ['a pipe', pipe, {}, false],
  ['a terminal with NO_COLOR', screen, { NO_COLOR: '1' }, false],
  ['a terminal with an empty NO_COLOR', screen, { NO_COLOR: '' }, true],
  ['a dumb terminal', screen, { TERM: 'dumb' }, false],
  ['a pipe with FORCE_COLOR', pipe, { FORCE_COLOR: '1' }, true],
  ['a terminal with FORCE_COLOR=0', screen, { FORCE_COLOR: '0' }, false],
  ['a pipe with both', pipe, { FORCE_COLOR: '1', NO_COLOR: '1' }, true],
  ['a file', undefined, { FORCE_COLOR: '1' }, false],
])('colour for %s', (_, stream, environment, expected) => {
  expect(terminalOf(stream, environment).colour).toBe(expected)
})

test('the width is the terminal’s, then what COLUMNS says, then 80', () => {
  expect(terminalOf(screen, { COLUMNS: '60' }).width).toBe(120)
  expect(terminalOf(pipe, { COLUMNS: '60' }).width).toBe(60)
  expect(terminalOf(pipe, { COLUMNS: 'wide' }).width).toBe(80)
  expect(terminalOf(undefined, { COLUMNS: '60' }).width).toBe(80)
})

const text = 'T | where \u001b[31mName\u202e endwith "x"'
const diagnostic = diagnose('unsupported-operator', span(21, 28), { language: 'KQL', operator: 'end\u001bwith' })

test('a diagnostic cannot drive the terminal and its mark stays in place', () => {
  const lines = diagnosticText(diagnostic, { name: 'rule\u001b.kql', text }, false).split('\n')
  expect(lines).toEqual([
    'error[unsupported-operator]: KQL operator `end<U+001B>with` is not supported',
    '  rule<U+001B>.kql:1:22',
    '1 | T | where ␛[31mName� endwith "x"',
    `${' '.repeat(4 + 21)}^^^^^^^`,
  ])
})

test('colour is codes around the same diagnostic', () => {
  const source = { name: 'rule.kql', text }
  const coloured = diagnosticText(diagnostic, source, true)
  expect(coloured).toContain('\u001b[1;31merror[unsupported-operator]\u001b[22;39m: ')
  expect(coloured.replace(/\u001b\[[\d;]*m/g, '')).toBe(diagnosticText(diagnostic, source, false))
})
