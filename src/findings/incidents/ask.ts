import { type EventStore, eventTable } from '../../backends/event-store.js'
import { call, literal, type Scalar, text } from '../../ir/scalar.js'
import {
  type Aggregation,
  asText,
  choose,
  count,
  firstText,
  greatest,
  isEqual,
  least,
  type Named,
  Steps,
  unixMicros,
} from '../../ir/steps.js'
import type { Trace } from './trace.js'

/** Events of one class that belong to chains: those that meet the rows that are sought. */
export interface Question {
  readonly class: string
  readonly because: Trace['because']
  /** What is sought, with the chain's position as `$place`. */
  readonly sought: Steps
  /** What of an event equals which column of what is sought. */
  readonly on: (events: Steps) => Named
  /** Which events are looked at; all without it. */
  readonly among?: (events: Steps) => Scalar
  /** What the pair of both must satisfy besides. */
  readonly where?: (met: Steps) => Scalar
  /** Whether the tool's own program acted, and whether it started the process. */
  readonly own?: (met: Steps) => Scalar
  readonly parent?: (met: Steps) => Scalar
}

export const PLACE = '$place'

/** Groups of events of one class that one chain may take: half of them the first, half the last. */
const MOST_OF_A_CLASS = 200

/** The longest text of a message that is told. */
const LONGEST_MESSAGE = 400

/** The host's name in small letters. */
export const hostOf = (events: Steps): Scalar => lower(events.column('device_hostname'))

export const lower = (value: Scalar): Scalar => call('tolower', 'string', [value])

/** Groups of alike events that answer the question, by chain and time. */
export async function traces(store: EventStore, question: Question): Promise<readonly Trace[]> {
  const { class: name, because, sought, on } = question
  const stored = Steps.from(eventTable(store.model, name))
  const all = question.among ? stored.filter(question.among(stored)) : stored
  const keys = Object.entries(on(all))
  const events = all.extend(Object.fromEntries(keys.map(([key, value]) => [`$on ${key}`, value])))
  const joined = sought.join(events, Object.fromEntries(keys.map(([key]) => [key, `$on ${key}`])))
  const met = (question.where ? joined.filter(question.where(joined)) : joined).sort(EARLIEST)
  const found = groups(name, met, question)
  const bound = Steps.from({ kind: 'bound', name: 'found', columns: found.columns, span: undefined })
  const order = ['first', 'name', 'object', 'source', 'position']
  const half = MOST_OF_A_CLASS / 2
  const shown = Steps.union([
    bound.firstOfEach(PLACE, order, half),
    bound.firstOfEach(PLACE, order, half, 'descending'),
  ]).sort([PLACE, ...order])
  const times = ['created', 'parentCreated', 'first', 'last'].map((each) => [each, unixMicros(shown.column(each))])
  const query = shown.extend(Object.fromEntries(times)).query([{ name: 'found', relation: found.relation, once: true }])
  const rows = new Map((await store.ask(query)).map((row) => [JSON.stringify(row), row]))
  const at = new Map(shown.columns.map((each, index) => [each.name, index]))
  return [...rows.values()].map((row) => traceOf(name, because, (column) => row[at.get(column)!]))
}

/** The earliest event of a group stands for it; of several at one time always the same. */
const EARLIEST = ['time', 'source_id', 'position']

function groups(name: string, met: Steps, { own, parent }: Question): Steps {
  const one = (column: string): Scalar => (met.has(column) ? met.column(column) : text(''))
  const either = (...columns: readonly string[]): Scalar =>
    firstText(columns.filter((column) => met.has(column)).map((column) => met.column(column)))
  const time = (column: string): Scalar => (met.has(column) ? met.column(column) : literal('datetime', null))
  const number = (column: string): Scalar => (met.has(column) ? met.column(column) : literal('long', null))
  const domain = either('process_user_domain', 'user_domain', 'actor_user_domain')
  const account = either('process_user_name', 'user_name', 'actor_user_name')
  const [object, detail, extra] = objectOf(name, one, number)
  const shared: Named = {
    [PLACE]: met.column(PLACE),
    activity: one('activity'),
    name: one('process_file_name'),
    path: one('process_file_path'),
    account: choose(isEqual(domain, text('')), account, joined(domain, '\\', account)),
    parentName: one('parent_process_file_name'),
    object,
    detail,
    extra,
  }
  const single: Named = {
    command: one('process_cmd_line'),
    uid: one('process_uid'),
    pid: number('process_pid'),
    created: time('process_created_time'),
    parentUid: one('parent_process_uid'),
    parentPid: number('parent_process_pid'),
    parentCreated: time('parent_process_created_time'),
    parentCommand: one('parent_process_cmd_line'),
  }
  const earliest = (value: Scalar): Aggregation => ({
    function: 'arg-min',
    arguments: [met.column('time'), value],
    condition: undefined,
    type: value.type,
  })
  const isProcess = name === 'process'
  const picked = Object.entries(isProcess ? {} : single).map(([key, value]) => [key, earliest(value)] as const)
  return met.aggregate(isProcess ? { ...shared, ...single } : shared, {
    ...Object.fromEntries(picked),
    own: own ? count(own(met)) : count(NEVER),
    parent: parent ? count(parent(met)) : count(NEVER),
    events: count(),
    first: least(met.column('time')),
    last: greatest(met.column('time')),
    source: earliest(met.column('source_id')),
    position: earliest(met.column('position')),
  })
}

const NEVER: Scalar = literal('bool', false)

const joined = (left: Scalar, between: string, right: Scalar): Scalar =>
  call('strcat', 'string', [left, text(between), right])

/** What is acted upon, by class, and two details of it. */
function objectOf(
  name: string,
  one: (column: string) => Scalar,
  number: (column: string) => Scalar,
): readonly [object: Scalar, detail: Scalar, extra: Scalar] {
  const none = text('')
  switch (name) {
    case 'process':
      return [one('process_cmd_line'), none, none]
    case 'file':
      return [
        one('file_path'),
        firstText([one('file_origin_url'), one('file_contents')]),
        one('file_origin_referrer_url'),
      ]
    case 'service':
      return [one('service_name'), one('service_cmd_line'), one('service_account')]
    case 'registry': {
      const key = one('reg_key_path')
      const value = joined(key, '\\', one('reg_value_name'))
      return [firstText([one('reg_target'), choose(isEqual(key, none), none, value)]), one('reg_value_data'), none]
    }
    case 'installer':
      return [one('product_name'), one('package_path'), one('product_version')]
    case 'scheduled_task':
      return [one('job_name'), one('job_cmd_line'), one('job_run_as')]
    case 'app_log':
      return [one('message'), one('remote_user_name'), one('src_ip')]
    case 'network':
      return [firstText(['dst_hostname', 'url', 'dst_ip'].map(one)), asText(number('dst_port')), one('dst_ip')]
    case 'dns':
      return [one('query_hostname'), none, none]
    case 'logon':
      return [one('user_name'), asText(number('logon_type')), firstText([one('src_ip'), one('src_hostname')])]
    default:
      throw new Error(`no story is told of ${name}`)
  }
}

/** Classes whose events a story is told from. */
export const TOLD = [
  ...['process', 'file', 'service', 'registry', 'installer', 'scheduled_task', 'app_log', 'network', 'dns', 'logon'],
] as const

function traceOf(name: string, because: Trace['because'], cell: (column: string) => unknown): Trace {
  const textOf = (column: string): string => String(cell(column) ?? '')
  const numberOf = (column: string): number | null => {
    const value = cell(column)
    return value === null || value === undefined ? null : Number(value)
  }
  return {
    chain: Number(cell(PLACE)),
    because,
    class: name,
    activity: textOf('activity'),
    own: Number(cell('own')) > 0,
    parent: Number(cell('parent')) > 0,
    process: {
      name: textOf('name'),
      path: textOf('path'),
      command: textOf('command'),
      uid: textOf('uid'),
      pid: numberOf('pid'),
      created: numberOf('created'),
    },
    parentProcess: {
      name: textOf('parentName'),
      path: '',
      command: textOf('parentCommand'),
      uid: textOf('parentUid'),
      pid: numberOf('parentPid'),
      created: numberOf('parentCreated'),
    },
    user: textOf('account'),
    object: name === 'app_log' ? textOf('object').slice(0, LONGEST_MESSAGE) : textOf('object'),
    detail: textOf('detail'),
    extra: textOf('extra'),
    count: Number(cell('events')),
    first: numberOf('first'),
    last: numberOf('last'),
    sourceId: numberOf('source'),
    position: numberOf('position'),
  }
}
