import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { ErrorObject, ValidateFunction } from 'ajv'

/** One thing that a JSON Schema does not allow. */
export interface SchemaFault {
  /** Keys and indices from the root. */
  readonly path: readonly string[]
  readonly keyword: string
  /** What would be allowed: values, a pattern, the name of a type, a limit. */
  readonly expected: readonly string[]
}

/** What a value has that a schema of `content/published` does not allow; one fault a place. */
export function schemaFaults(schema: string, value: unknown): readonly SchemaFault[] {
  const validate = validatorOf(schema)
  if (validate(value)) return []
  const faults = new Map<string, SchemaFault>()
  for (const error of validate.errors ?? []) {
    const path = error.instancePath.split('/').slice(1).map(unescaped)
    if (error.keyword === 'required') path.push(String(error.params.missingProperty))
    if (COMBINING.has(error.keyword)) continue
    const key = path.join('/')
    const known = faults.get(key)
    // Each of several values that are allowed is a fault of its own.
    if (known?.keyword === error.keyword)
      faults.set(key, { ...known, expected: [...known.expected, ...expectedOf(error)] })
    else if (!known) faults.set(key, { path, keyword: error.keyword, expected: expectedOf(error) })
  }
  return [...faults.values()]
}

/** They are told by what is within them. */
const COMBINING: ReadonlySet<string> = new Set(['anyOf', 'oneOf', 'allOf', 'if'])

const unescaped = (key: string): string => key.replaceAll('~1', '/').replaceAll('~0', '~')

function expectedOf({ keyword, params }: ErrorObject): readonly string[] {
  switch (keyword) {
    case 'const':
      return [String(params.allowedValue)]
    case 'enum':
      return (params.allowedValues as readonly unknown[]).map(String)
    case 'type':
      return [String(params.type)]
    case 'format':
      return [String(params.format)]
    case 'additionalProperties':
      return [String(params.additionalProperty)]
    case 'pattern':
      return [String(params.pattern)]
    default:
      return params.limit === undefined ? [] : [String(params.limit)]
  }
}

const validators = new Map<string, ValidateFunction>()

function validatorOf(schema: string): ValidateFunction {
  const known = validators.get(schema)
  if (known) return known
  // Only who checks by a schema pays for loading the library.
  const { Ajv2020 } = createRequire(import.meta.url)('ajv/dist/2020.js') as typeof import('ajv/dist/2020.js')
  const ajv = new Ajv2020({ allErrors: true, strict: false, formats: { uuid: UUID } })
  const text = readFileSync(new URL(`../../content/published/${schema}.schema.json`, import.meta.url), 'utf8')
  const made = ajv.compile(JSON.parse(text) as object)
  validators.set(schema, made)
  return made
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
