import { readFileSync } from 'node:fs'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { expect, test } from 'vitest'
import { cleanReport, emptyReport, fleetReport, hostileReport, largeReport } from '../../test/fixtures/report.js'
import { render } from './render/index.js'
import type { Report, RuleAbout } from './report.js'

const schema = JSON.parse(
  readFileSync(new URL('../../content/published/report.schema.json', import.meta.url), 'utf8'),
) as SchemaNode
const validate: ValidateFunction = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true }).compile(schema)

interface SchemaNode {
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly items?: SchemaNode
  readonly anyOf?: readonly SchemaNode[]
  readonly additionalProperties?: unknown
  readonly required?: readonly string[]
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, SchemaNode>>
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

const printed = (report: Report): Json => JSON.parse([...render(report, 'json')].join('')) as Json

test.each([
  ['a fleet', fleetReport()],
  ['hostile texts', hostileReport()],
  ['a large fleet', largeReport(20)],
  ['a clean fleet', cleanReport()],
  ['nothing', emptyReport()],
])('the JSON of %s is what the schema says', (_, report) => {
  validate(printed(report))
  expect(validate.errors).toBeNull()
})

const ABOUT: Required<RuleAbout> = {
  file: 'rules/a.yml',
  id: 'ca8d2a9c-0d5a-4f5e-9c8e-000000000000',
  status: 'test',
  level: 'high',
  description: 'About',
  author: 'An author',
  date: '2025-01-31',
  modified: '2026-01-31',
  tags: ['attack.t1219.002'],
  references: ['https://example.net'],
  falsePositives: ['Administrators'],
  overlay: ['overlay quiet (us): level high → low'],
  logsource: 'category process_creation, product windows',
}

/** Every list has an item and nothing is null that need not be. The compiler holds it to the type, the tests to the schema. */
const FULL: Required<Report> = {
  ...fleetReport(),
  summary: {
    ...fleetReport().summary,
    overlay: {
      file: 'overlay.yaml',
      entries: [
        {
          id: 'quiet',
          owner: 'us',
          expires: '2026-12-31',
          state: 'applied',
          changes: ['level'],
          rules: 1,
          titles: ['A rule'],
        },
      ],
    },
    rules: fleetReport().summary.rules.map((rule) => ({ ...rule, outcome: 'ran' as const })),
  },
  inventory: fleetReport()
    .inventory.filter(({ otherTenants }) => otherTenants !== undefined)
    .slice(0, 1),
  findings: fleetReport()
    .findings.slice(0, 1)
    .map((finding) => ({
      ...finding,
      about: ABOUT,
      repeats: { count: 2, first: '2026-03-01T06:12:09Z', last: '2026-03-01T06:13:00Z' },
    })),
}

/** Keys of maps whose names are the data's, not ours. */
const OPEN = new Set(['columns', 'fields', 'tenant', 'otherTenants'])
const OPTIONAL = new Set([
  'activity',
  'otherTenants',
  'outcome',
  'overlay',
  'about',
  'repeats',
  'judgements',
  'severity',
])

/** Every place of an object's key: `['summary', 'files', 'read']`. */
function* keyPaths(value: Json, path: readonly (string | number)[] = []): Iterable<readonly (string | number)[]> {
  if (Array.isArray(value)) yield* keyPaths(value[0] as Json, [...path, 0])
  else if (value !== null && typeof value === 'object')
    for (const [key, part] of Object.entries(value)) {
      yield [...path, key]
      if (!OPEN.has(key)) yield* keyPaths(part, [...path, key])
    }
}

function changed(path: readonly (string | number)[], change: (owner: Record<string, Json>, key: string) => void): Json {
  const copy = structuredClone(printed(FULL))
  let owner = copy as Record<string, Json>
  for (const step of path.slice(0, -1)) owner = owner[step] as Record<string, Json>
  change(owner, String(path.at(-1)))
  return copy
}

test('leaving out any required key is an error', () => {
  const paths = [...keyPaths(printed(FULL))]
  expect(paths.length).toBeGreaterThan(80)
  for (const path of paths) {
    const cut = changed(path, (owner, key) => delete owner[key])
    expect(validate(cut), path.join('.')).toBe(
      OPTIONAL.has(String(path.at(-1))) && path.join('.') !== 'incidents.0.severity',
    )
  }
})

test('a key that the schema does not know is an error anywhere but in data', () => {
  for (const path of keyPaths(printed(FULL))) {
    const more = changed(path, (owner) => {
      owner.unheardOf = 1
    })
    expect(validate(more), path.join('.')).toBe(false)
  }
})

test('a value of another kind is an error', () => {
  for (const path of keyPaths(printed(FULL))) {
    const wrong = changed(path, (owner, key) => {
      owner[key] = [[true]]
    })
    expect(validate(wrong), path.join('.')).toBe(false)
  }
})

test('every key of the schema is in the full report, and is described', () => {
  const known = new Set([...keyPaths(printed(FULL))].map((path) => path.filter((step) => step !== 0).join('.')))
  for (const { path, node } of schemaKeys(schema, [])) {
    expect(known).toContain(path.join('.'))
    expect(node.description ?? '', path.join('.')).not.toBe('')
  }
})

function* schemaKeys(
  node: SchemaNode,
  path: readonly string[],
): Iterable<{ readonly path: readonly string[]; readonly node: SchemaNode }> {
  // A process holds processes.
  if (path.filter((step) => step === 'children').length > 1) return
  if (node.$ref) yield* schemaKeys(schema.$defs![node.$ref.split('/').at(-1)!]!, path)
  if (node.items) yield* schemaKeys(node.items, path)
  for (const option of node.anyOf ?? []) yield* schemaKeys(option, path)
  for (const [key, part] of Object.entries(node.properties ?? {})) {
    const described = part.$ref ? { ...schema.$defs![part.$ref.split('/').at(-1)!]!, ...part } : part
    yield { path: [...path, key], node: described }
    yield* schemaKeys(part, [...path, key])
  }
}
