import { readdirSync, readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { loadCatalogue, type Tool } from './catalogue.js'

const files = readdirSync('content/tools').filter((name) => name.endsWith('.yaml'))
const tools = loadCatalogue().tools
const lists = (tool: Tool) =>
  Object.entries(tool).flatMap(([field, values]) =>
    Array.isArray(values)
      ? values
          .filter((value) => typeof value === 'object')
          .map((value) => ({ field, value: value as Record<string, unknown> }))
      : [],
  )

describe('the catalogue', () => {
  it('follows its schema', () => {
    const validate = new Ajv({ allErrors: true }).compile(
      JSON.parse(readFileSync('content/published/tool.schema.json', 'utf8')),
    )
    const faults = files.filter((name) => !validate(parse(readFileSync(`content/tools/${name}`, 'utf8'))))
    expect(faults).toEqual([])
  })

  it('has one file a tool, called as the tool', () => {
    expect(tools.map(({ id }) => `${id}.yaml`).sort()).toEqual([...files].sort())
  })

  it('has no two tools of one name', () => {
    const names = tools.flatMap((tool) => [
      ...new Set([tool.name, ...(tool.aliases ?? [])].map((name) => name.toLowerCase())),
    ])
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
  })

  it('has every value once', () => {
    const twice = tools.flatMap((tool) => {
      const seen = new Set<string>()
      return lists(tool)
        .filter(({ field, value }) => field !== 'rejected' && field !== 'tenant' && value.value !== undefined)
        .map(
          ({ field, value }) => `${tool.id} ${field} ${String(value.value).toLowerCase()} ${String(value.match ?? '')}`,
        )
        .filter((key) => seen.has(key) || !seen.add(key))
    })
    expect(twice).toEqual([])
  })

  it('refers to tools that exist', () => {
    const ids = new Set(tools.map(({ id }) => id))
    const named = tools.flatMap((tool) => [
      ...(tool.bundles ?? []),
      ...lists(tool).flatMap(({ value }) => (value.shared_with as string[] | undefined) ?? []),
    ])
    expect(named.filter((id) => !ids.has(id))).toEqual([])
  })

  it('flags what two tools claim', () => {
    const owners = new Map<string, Set<string>>()
    for (const tool of tools)
      for (const field of ['executables', 'signers', 'services', 'domains'] as const)
        for (const value of tool[field] ?? [])
          if (value.quality.includes('ok')) {
            const key = `${field} ${value.value.toLowerCase()}`
            owners.set(key, (owners.get(key) ?? new Set()).add(tool.id))
          }
    expect([...owners].filter(([, ids]) => ids.size > 1).map(([key, ids]) => `${key}: ${[...ids].join(', ')}`)).toEqual(
      [],
    )
  })

  it('holds no placeholders, hashes or templates among its values', () => {
    const odd = tools.flatMap((tool) =>
      lists(tool)
        .filter(
          ({ field, value }) => field !== 'rejected' && field !== 'command_lines' && typeof value.value === 'string',
        )
        .filter(({ value }) =>
          /<[^>]+>|^[0-9a-f]{40}$|a-Z|can't find|requires sign up|\.exee$|\.ese$|IEUser/i.test(String(value.value)),
        )
        .map(({ field, value }) => `${tool.id} ${field} ${String(value.value)}`),
    )
    expect(odd).toEqual([])
  })

  it('has patterns that compile and cannot run away', () => {
    const patterns = tools.flatMap((tool) =>
      lists(tool).flatMap(({ value }) =>
        [value.pattern, value.match === 'regex' ? value.value : undefined].filter((text) => typeof text === 'string'),
      ),
    )
    expect(patterns.length).toBeGreaterThan(30)
    for (const pattern of patterns) {
      expect(() => new RegExp(pattern, 'iu')).not.toThrow()
      // A repeated group that holds a repetition takes exponential time.
      expect(pattern).not.toMatch(/\([^()]*[+*][^()]*\)[+*]/)
    }
  })
})
