import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

/** Rooms from left to right: a room imports itself and what stands left of it. */
const ROOMS = [
  'text',
  'content',
  'telemetry',
  'events',
  'ir',
  'dialects',
  'backends',
  'detection',
  'policy',
  'findings',
  'catalog',
  'translation',
  'validation',
  'cli',
  'api',
]

const SOURCE = resolve(import.meta.dirname, '../src')

interface Import {
  readonly from: string
  readonly to: string
}

const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter(
  (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'),
)

const imports: readonly Import[] = files.flatMap((from) => {
  const text = readFileSync(join(SOURCE, from), 'utf8')
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(([, to]) => ({
    from,
    to: relative(SOURCE, resolve(SOURCE, dirname(from), to!)),
  }))
})

const room = (path: string): number => {
  const name = path.split('/')[0]!
  if (path === 'index.js' || path === 'index.ts') return ROOMS.length
  return ROOMS.indexOf(name)
}

describe('the rooms of src', () => {
  test('are all known', () => {
    const unknown = readdirSync(SOURCE, { withFileTypes: true }).filter(
      (entry) => entry.isDirectory() && !ROOMS.includes(entry.name),
    )
    expect(unknown.map((entry) => entry.name)).toEqual([])
    expect(imports.length).toBeGreaterThan(50)
  })

  test('import only what stands left of them', () => {
    expect(imports.filter(({ from, to }) => room(to) < 0 || room(to) > room(from))).toEqual([])
  })

  test('no dialect imports another', () => {
    const dialect = (path: string) => /^dialects\/([^/]+)\//.exec(path)?.[1]
    const crossed = imports.filter(({ from, to }) => {
      const [mine, other] = [dialect(from), dialect(to)]
      return mine !== undefined && other !== undefined && other !== 'shared' && mine !== other
    })
    expect(crossed).toEqual([])
  })

  test('no engine imports another, but for the judge and what they share', () => {
    const engine = (path: string) => /^backends\/([^/]+)\//.exec(path)?.[1]
    const crossed = imports.filter(({ from, to }) => {
      const [mine, other] = [engine(from), engine(to)]
      return mine !== undefined && other !== undefined && mine !== other && !['reference', 'sql'].includes(other)
    })
    expect(crossed).toEqual([])
  })
})

describe('facts live in content', () => {
  test('no name of a remote access tool stands in the code', () => {
    const names = readdirSync(resolve(SOURCE, '../content/tools'))
      .map((name) => name.replace(/\.yaml$/, ''))
      .filter(
        (name) =>
          name.length > 5 &&
          !/^(connect|access|remote|desktop|support|control|assist|level|splash|parallels|tunnel)/.test(name),
      )
    expect(names.length).toBeGreaterThan(100)
    const found = files.flatMap((file) => {
      const text = readFileSync(join(SOURCE, file), 'utf8').toLowerCase()
      return names
        .filter((name) => new RegExp(`['"\`/\\\\. ]${name}['"\`/\\\\. ]`).test(text))
        .map((name) => `${file}: ${name}`)
    })
    expect(found).toEqual([])
  })
})
