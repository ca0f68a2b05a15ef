import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { comparePair } from './evtx.js'

const CASES = resolve(import.meta.dirname, '../../shared/conformance/sigma')
const pairs = existsSync(CASES)
  ? readdirSync(CASES, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.evtx'))
  : []

describe.skipIf(pairs.length === 0)('EVTX logs with a JSON twin (skipped without ../shared)', () => {
  test.each(pairs)('%s has every field of its twin', async (name) => {
    const path = join(CASES, name)
    expect(await comparePair(path, path.replace(/\.evtx$/, '.json'))).toMatchObject({ outcome: 'passed', detail: '' })
  })
})
