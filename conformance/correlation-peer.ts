import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildCorrelation } from '../src/detection/sigma/correlation/build.js'
import { correlate, type Hit } from '../src/detection/sigma/correlation/index.js'
import { collect, parseSigma } from '../src/dialects/sigma/index.js'
import { type Dice, dice } from '../test/fixtures/dice.js'
import { textOf } from '../test/fixtures/random-sigma.js'

/**
 * How often each group of each random correlation meets its condition, here and by rsigma (https://github.com/timescale/rsigma), which tells of every
 * event at which it does. Only what both mean alike is asked: events of one time, letters of two cases and missing values are left out, rules have ids,
 * temporal correlations say how many rules they want, and percentiles are left out, whose condition rsigma does not look at.
 */
export function compareWithRsigma(
  program: string,
  seed: number,
): { readonly alike: number; readonly other: readonly string[] } {
  const roll = dice(seed)
  const events = randomEvents(roll)
  const text = textOf([...RULES, ...Array.from({ length: 150 }, (_, index) => randomCorrelation(roll, index))])
  const [ours, theirs] = [looksHere(text, events), looksOf(program, text, events)]
  const keys = [...new Set([...ours.keys(), ...theirs.keys()])]
  const other = keys.filter((key) => ours.get(key) !== theirs.get(key))
  return {
    alike: keys.length - other.length,
    other: other.map((key) => `seed ${seed}, ${key}: ${ours.get(key) ?? 0} here, ${theirs.get(key) ?? 0} by rsigma`),
  }
}

interface PeerEvent {
  /** Seconds. */
  readonly time: number
  readonly EventID: number
  readonly User: string
  readonly Host: string
  readonly Size: number
  readonly Address: string
}

const pick = <T>(roll: Dice, values: readonly T[]): T => values[roll(values.length)]!
const uuid = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`

const RULES = [1, 2, 3].map((code) => ({
  title: `rule ${code}`,
  id: uuid(code),
  logsource: { product: 'windows' },
  detection: { s: { EventID: code }, condition: 's' },
}))

function randomEvents(roll: Dice): readonly PeerEvent[] {
  let time = 0
  return Array.from({ length: 400 }, (): PeerEvent => {
    time += 1 + roll(4)
    return {
      time,
      EventID: 1 + roll(3),
      User: pick(roll, ['ann', 'bob', 'eve']),
      Host: pick(roll, ['h1', 'h2']),
      Size: roll(10),
      Address: pick(roll, ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4']),
    }
  })
}

const TYPES = [
  'event_count',
  'value_count',
  'temporal',
  'temporal_ordered',
  'value_sum',
  'value_avg',
  'value_median',
] as const

function randomCorrelation(roll: Dice, index: number) {
  const type = pick(roll, TYPES)
  const isTemporal = type.startsWith('temporal')
  const chosen = [1, 2, 3].filter(() => roll(2) === 0)
  const codes = chosen.length > (isTemporal ? 1 : 0) ? chosen : [1, 2]
  if (roll(3) === 0) codes.reverse()
  const least = 1 + roll(4)
  const bounds = pick(roll, [{ gte: least }, { gt: least, lt: least + 2 }, { eq: least }])
  const condition =
    type === 'event_count'
      ? bounds
      : type === 'value_count'
        ? { field: 'Address', ...bounds }
        : isTemporal
          ? { gte: codes.length }
          : { field: 'Size', ...pick(roll, [{ gte: 3 + least }, { lt: 4 }, { gt: 10, lte: 30 }]) }
  return {
    title: `c${index}`,
    id: uuid(100 + index),
    correlation: {
      type,
      rules: codes.map(uuid),
      'group-by': pick(roll, [['User'], ['User', 'Host']]),
      timespan: pick(roll, ['5s', '10s', '30s', '1m']),
      condition,
    },
  }
}

function looksHere(text: string, events: readonly PeerEvent[]): ReadonlyMap<string, number> {
  const looks = new Map<string, number>()
  for (const member of collect(parseSigma(text).documents)) {
    if (member.kind !== 'correlation') continue
    if (!member.resolved) throw new Error(member.diagnostics[0]?.message)
    const { plan, streams } = buildCorrelation(member.resolved)
    const hits = streams.map(({ member: { document }, fields }) =>
      events
        .filter(({ EventID }) => uuid(EventID) === document.id)
        .map((event): Hit => {
          const values = fields.map((field) => String(event[field as keyof PeerEvent]))
          return { uid: BigInt(event.time), time: event.time * 1e6, values }
        }),
    )
    correlate(plan, hits, ({ holds, group }) => {
      const key = `${member.document.title} ${group.join(' ')}`
      if (holds) looks.set(key, (looks.get(key) ?? 0) + 1)
    })
  }
  return looks
}

function looksOf(program: string, text: string, events: readonly PeerEvent[]): ReadonlyMap<string, number> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-rsigma-'))
  try {
    const [rules, log] = [join(folder, 'rules.yml'), join(folder, 'events.ndjson')]
    writeFileSync(rules, text)
    const lines = events.map(({ time, ...fields }) =>
      JSON.stringify({ '@timestamp': new Date(Date.UTC(2025, 0, 1) + time * 1000).toISOString(), ...fields }),
    )
    writeFileSync(log, `${lines.join('\n')}\n`)
    const args = ['--output-format', 'ndjson', 'engine', 'eval', '-r', rules, '-e', `@${log}`]
    const out = execFileSync(program, args, {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const looks = new Map<string, number>()
    for (const line of out.split('\n')) {
      if (!line.includes('"correlation_type"')) continue
      const told = JSON.parse(line) as { rule_title: string; group_key: readonly (readonly [string, string])[] }
      const key = `${told.rule_title} ${told.group_key.map(([, value]) => value).join(' ')}`
      looks.set(key, (looks.get(key) ?? 0) + 1)
    }
    return looks
  } finally {
    rmSync(folder, { recursive: true })
  }
}
