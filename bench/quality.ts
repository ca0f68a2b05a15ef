/**
 * What the rules catch and what they say without cause: every behaviour on our own attack stories and their mutations, and findings a
 * thousand hosts and day on benign data.
 */
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { ingest } from '../src/backends/duckdb/ingest.js'
import { Store } from '../src/backends/duckdb/store.js'
import { allRules, type Rule } from '../src/detection/rules.js'
import { withExclusion } from '../src/detection/tuning.js'
import { loadModel } from '../src/events/model.js'
import { reportOf } from '../src/findings/scan.js'
import { type PolicyFile, readPolicy } from '../src/policy/index.js'
import { loadScenarios } from '../src/validation/index.js'
import { type Sighted, sightings } from '../src/validation/measure-rules.js'
import { MUTATIONS } from '../src/validation/mutate.js'
import { option } from './measure.js'

export async function run(args: readonly string[]): Promise<void> {
  const only = option(args, 'part')
  if (only === undefined || only === 'attacks') await attacks()
  if (only === undefined || only === 'seeds') await seeds()
  if (only === undefined || only === 'benign') await benign(option(args, 'logs'))
}

async function attacks(): Promise<void> {
  // What runs on request alone counts too: a first start is told by its inventory, and by a rule for whoever wants a line a start.
  const rules = allRules().filter(({ behaviour }) => behaviour !== undefined)
  const scenarios = loadScenarios()
  const found: Sighted[] = []
  for (const mutation of MUTATIONS) found.push(...(await sightings(scenarios, mutation, rules)))
  const behaviours = [...new Set(found.map(({ behaviour }) => behaviour))].sort()
  console.log('\nAttack stories and their mutations: c caught, - missed and declared, ! missed and not declared\n')
  console.log(['behaviour', ...MUTATIONS.map((each) => each.padEnd(8))].join('  '))
  const missed: string[] = []
  const totals = { caught: 0, declared: 0, silent: 0 }
  for (const behaviour of behaviours) {
    const cells = MUTATIONS.map((mutation) => {
      const cases = found.filter((each) => each.behaviour === behaviour && each.mutation === mutation)
      return cases
        .map((each) => {
          if (each.caughtBy.length > 0) {
            totals.caught++
            return 'c'
          }
          const why = declared(rules, each)
          if (why === undefined) totals.silent++
          else totals.declared++
          missed.push(
            `${behaviour} ${each.mutation} (${each.scenario}): ${why ?? 'NOT DECLARED'}${each.besides.length > 0 ? `; seen all the same by ${each.besides.join(', ')}` : ''}`,
          )
          return why === undefined ? '!' : '-'
        })
        .join('')
        .padEnd(8)
    })
    console.log([behaviour.padEnd(9), ...cells].join('  '))
  }
  console.log(
    `\n${totals.caught} caught, ${totals.declared} missed for a declared reason, ${totals.silent} missed in silence`,
  )
  const without = [...new Set(rules.map(({ behaviour }) => behaviour!))].filter((each) => !behaviours.includes(each))
  if (without.length > 0) console.log(`no story shows ${without.join(', ')}`)
  console.log(`\n${missed.join('\n')}`)
  if (totals.silent > 0) process.exitCode = 1
}

/** Why a miss was to be expected: what every rule of the behaviour says of the mutation. */
function declared(rules: readonly Rule[], { behaviour, mutation }: Sighted): string | undefined {
  const reasons = rules
    .filter((rule) => rule.behaviour === behaviour)
    .flatMap(({ blind_spots }) => blind_spots ?? [])
    .filter(({ under }) => under?.includes(mutation))
  return reasons[0]?.because
}

/** Rules of the seeds, and ours in their place. */
const BESIDE = [
  'seed-000-remote-desktop-software',
  'seed-001-remote-access-tools',
  'seed-003-remote-desktop-processes',
  'b19-remote-access-started',
  'seed-003-remote-desktop-network',
  'b19-remote-access-traffic',
  'seed-004-remote-desktop-plus',
  'b19-inline-password-client-used',
]

/** How many stories with remote access tools each rule sees, and how many of everyday life; each exclusion of a seed as a rule of its own. */
async function seeds(): Promise<void> {
  const rules = BESIDE.flatMap((id) => allRules().filter((rule) => rule.id === id)).flatMap((rule) => [
    rule,
    ...(rule.exclusions ?? []).map((each) => ({ ...withExclusion(rule, each), id: `${rule.id} excluding ${each.id}` })),
  ])
  const scenarios = loadScenarios().map((scenario) => ({
    ...scenario,
    expected: {
      ...scenario.expected,
      behaviours: Object.keys(scenario.hosts).map((host) => ({ behaviour: 'any', host })),
    },
  }))
  const shown = ['as it was', 'renamed', 'second copy', 'no command line'] as const
  const seen = new Map<string, Map<string, Set<string>>>()
  for (const mutation of shown) {
    const marked = rules.map((rule) => ({ ...rule, behaviour: 'any', stands_alone: true }))
    for (const { scenario, caughtBy } of await sightings(scenarios, mutation, marked))
      for (const rule of caughtBy) {
        const byMutation = seen.get(rule) ?? new Map<string, Set<string>>()
        seen.set(rule, byMutation)
        byMutation.set(mutation, (byMutation.get(mutation) ?? new Set()).add(scenario))
      }
  }
  const guilty = new Set(scenarios.filter(({ kind }) => kind !== 'benign').map(({ id }) => id))
  console.log(
    `\nSeeds’ rules and ours in their place: of ${guilty.size} stories with remote access tools, and of ${scenarios.length - guilty.size} of everyday life\n`,
  )
  console.log([''.padEnd(58), ...shown.map((each) => each.padEnd(15)), 'everyday life'].join('  '))
  for (const { id } of rules) {
    const cells = shown.map((mutation) =>
      String([...(seen.get(id)?.get(mutation) ?? [])].filter((each) => guilty.has(each)).length).padEnd(15),
    )
    const life = [...(seen.get(id)?.get('as it was') ?? [])].filter((each) => !guilty.has(each)).length
    console.log([id.padEnd(58), ...cells, String(life)].join('  '))
  }
}

/** Findings above informational a thousand hosts and day. */
async function benign(given: string | undefined): Promise<void> {
  console.log('\nBenign data: findings a thousand hosts and day\n')
  const shared = resolve('../shared/telemetry')
  const places: [string, string, string | undefined][] = [
    ...(given === undefined ? [] : ([[given, given, undefined]] as [string, string, string | undefined][])),
    ['public telemetry', shared, undefined],
    ['a clean machine', `${shared}/AndrewRathbun+DFIRArtifactMuseum/Windows/EventLogs`, undefined],
  ]
  for (const [name, path, policyPath] of places) {
    if (!existsSync(path)) {
      console.log(`${name}: not here (${path})`)
      continue
    }
    const store = await Store.open(loadModel(), { memoryLimit: '1GB' })
    try {
      const read = await ingest(store, [path], { threads: 0 })
      const [[days] = []] = await store.rows(
        `SELECT count(*) FROM (SELECT DISTINCT lower(device_hostname), CAST(time AS DATE) FROM (${store.model.classes
          .map(({ name: each }) => `SELECT device_hostname, time FROM "${each}"`)
          .join(' UNION ALL ')}) WHERE time IS NOT NULL AND device_hostname IS NOT NULL)`,
      )
      const policy: PolicyFile | undefined =
        policyPath === undefined
          ? undefined
          : readPolicy(policyPath, readFileSync(policyPath, 'utf8'), { readFile: (file) => readFileSync(file, 'utf8') })
      for (const [label, used] of [
        ['before policy', undefined],
        ...(policy ? [['after policy', policy] as const] : []),
      ] as const) {
        const report = await reportOf(store, {
          read,
          asOf: undefined,
          since: undefined,
          until: undefined,
          allTools: false,
          seconds: () => 0,
          ...(used ? { policy: used } : {}),
        })
        const counts = new Map<string, number>()
        for (const { rule, level } of report.findings)
          if (level !== 'informational') counts.set(rule, (counts.get(rule) ?? 0) + 1)
        const hostDays = Number(days)
        const all = [...counts.values()].reduce((sum, each) => sum + each, 0)
        console.log(
          `${name}, ${label}: ${hostDays} hosts and days, ${all} findings, ${((all / hostDays) * 1000).toFixed(1)} a thousand`,
        )
        for (const [rule, count] of [...counts].sort((a, b) => b[1] - a[1]))
          console.log(`  ${rule.padEnd(40)} ${count}`)
      }
    } finally {
      await store.close()
    }
  }
}
