import type { Document } from 'yaml'
import { type Diagnostic, diagnose } from '../../text/diagnostic.js'
import { type Rule, readPeriod, type Trigger } from '../rules.js'
import type { Fields } from './fields.js'
import { ANY, FLAG, list, type MapShape, map, NUMBER, oneOf, spanOf, TEXT, textThat } from './shape.js'

// https://github.com/Azure/Azure-Sentinel/wiki/Query-Style-Guide and the ARM reference of Microsoft.SecurityInsights/alertRules.

const PERIOD = textThat((text) => readPeriod(text) !== undefined, 'a time such as `1h`, `14d` or `PT1H`')
const TACTICS = [
  'Reconnaissance',
  'ResourceDevelopment',
  'InitialAccess',
  'Execution',
  'Persistence',
  'PrivilegeEscalation',
  'DefenseEvasion',
  'Stealth',
  'DefenseImpairment',
  'CredentialAccess',
  'Discovery',
  'LateralMovement',
  'Collection',
  'CommandAndControl',
  'Exfiltration',
  'Impact',
  'PreAttack',
  'ImpairProcessControl',
  'InhibitResponseFunction',
] as const
const TECHNIQUE = textThat(
  (text) => /^T\d{4}(\.\d{3})?$/.test(text.trim()),
  'a technique such as `T1219` or `T1219.002`',
)

/** What an identifier of an entity may be, by the entity's type. */
const ENTITIES = [
  'Account',
  'Host',
  'IP',
  'URL',
  'Process',
  'File',
  'FileHash',
  'RegistryKey',
  'RegistryValue',
  'CloudApplication',
  'DNS',
  'AzureResource',
  'SecurityGroup',
  'Malware',
  'Mailbox',
  'MailCluster',
  'MailMessage',
  'SubmissionMail',
] as const

const ENTITY_MAPPING = map({
  entityType: oneOf(...ENTITIES),
  fieldMappings: list(map({ identifier: TEXT, columnName: TEXT })),
})

/** Analytic rules and hunting queries as the community repository writes them. */
export const SENTINEL_SHAPE: MapShape = map({
  id: TEXT,
  name: TEXT,
  displayName: TEXT,
  description: TEXT,
  'description-detailed': TEXT,
  descriptionDetailed: TEXT,
  kind: oneOf('Scheduled', 'NRT'),
  severity: oneOf('Informational', 'Low', 'Medium', 'High'),
  status: TEXT,
  enabled: FLAG,
  requiredDataConnectors: list(map({ connectorId: TEXT, dataTypes: list(TEXT), datatypes: list(TEXT) })),
  queryFrequency: PERIOD,
  queryPeriod: PERIOD,
  triggerOperator: oneOf('gt', 'lt', 'eq', 'ne', 'GreaterThan', 'LessThan', 'Equal', 'NotEqual'),
  triggerThreshold: NUMBER,
  tactics: list(oneOf(...TACTICS)),
  techniques: list(TECHNIQUE),
  relevantTechniques: list(TECHNIQUE),
  subTechniques: list(TECHNIQUE),
  tags: ANY,
  query: TEXT,
  entityMappings: list(ENTITY_MAPPING),
  sentinelEntitiesMappings: list(map({ columnName: TEXT })),
  customDetails: map({}, TEXT),
  alertDetailsOverride: map({
    alertDisplayNameFormat: TEXT,
    alertDescriptionFormat: TEXT,
    alertSeverityColumnName: TEXT,
    alertTacticsColumnName: TEXT,
    alertDynamicProperties: list(map({ alertProperty: TEXT, value: TEXT })),
  }),
  eventGroupingSettings: map({ aggregationKind: oneOf('SingleAlert', 'AlertPerResult') }),
  incidentConfiguration: map({
    createIncident: FLAG,
    groupingConfiguration: map({
      enabled: FLAG,
      reopenClosedIncident: FLAG,
      lookbackDuration: PERIOD,
      matchingMethod: oneOf('AllEntities', 'AnyAlert', 'Selected'),
      groupByEntities: list(oneOf(...ENTITIES)),
      groupByAlertDetails: list(TEXT),
      groupByCustomDetails: list(TEXT),
    }),
  }),
  suppressionEnabled: FLAG,
  suppressionDuration: PERIOD,
  version: TEXT,
  metadata: map({
    source: map({ kind: TEXT }),
    author: map({ name: TEXT }),
    support: map({ tier: TEXT, name: TEXT, email: TEXT, link: TEXT }),
    categories: map({ domains: list(TEXT), verticals: list(TEXT) }),
  }),
  simulation: ANY,
  imageFileName: TEXT,
})

const SCHEDULE = ['queryFrequency', 'queryPeriod', 'triggerOperator', 'triggerThreshold'] as const

/** What an analytic rule must say and this one does not. A hunting query says none of it. */
export function checkSentinel(document: Document, fields: Fields): Diagnostic[] {
  const place = spanOf(document.get('name', true) ?? document.contents)
  const missing = (key: string): Diagnostic => diagnose('rule-missing-key', place, { key })
  const found = fields.text('name') === undefined && fields.text('displayName') === undefined ? [missing('name')] : []
  if (!isAnalytic(fields)) return found
  const wanted = isNrt(fields) ? ['severity'] : ['severity', ...SCHEDULE]
  found.push(...wanted.filter((key) => fields.text(key) === undefined).map(missing))
  const [frequency, period] = [fields.text('queryFrequency'), fields.text('queryPeriod')].map((text) =>
    text === undefined ? undefined : readPeriod(text),
  )
  if (frequency !== undefined && period !== undefined && frequency > period)
    found.push(diagnose('rule-leaves-gaps', spanOf(document.get('queryPeriod', true)), {}))
  return found
}

const isAnalytic = (fields: Fields): boolean =>
  ['severity', 'kind', ...SCHEDULE].some((key) => fields.text(key) !== undefined)
const isNrt = (fields: Fields): boolean => fields.text('kind')?.toLowerCase() === 'nrt'

export function sentinelRule(fields: Fields, file: string, query: string): Rule {
  const severity = fields.text('severity')?.toLowerCase()
  const period = isNrt(fields) ? undefined : fields.text('queryPeriod')
  const trigger = triggerOf(fields)
  const title = fields.text('name') ?? fields.text('displayName') ?? file
  const sentence =
    fields.text('alertDetailsOverride', 'alertDescriptionFormat') ??
    fields.text('alertDetailsOverride', 'alertDisplayNameFormat')
  return {
    id: fields.text('id') ?? title,
    title: title.trim(),
    level: LEVELS.find((level) => level === severity) ?? 'informational',
    confidence: 'medium',
    techniques: [
      ...new Set([
        ...fields.texts('relevantTechniques'),
        ...fields.texts('techniques'),
        ...fields.texts('subTechniques'),
      ]),
    ],
    source: file,
    about: (fields.text('description') ?? '').trim(),
    ...(period === undefined || readPeriod(period) === undefined ? {} : { period }),
    language: 'kql',
    query,
    why: sentence?.replace(/\{\{\s*(\w+)\s*\}\}/g, '{$1}').trim() ?? '',
    flags: {},
    false_positives: [],
    given: {
      file,
      format: 'sentinel',
      windowed: period !== undefined && readPeriod(period) !== undefined,
      ...(trigger === undefined ? {} : { trigger }),
      hostColumns: entityColumns(fields, 'Host', ['FullName', 'HostName', 'NetBiosName', 'AzureID']),
      userColumns: entityColumns(fields, 'Account', ['FullName', 'Name', 'DisplayName', 'UPNSuffix', 'Sid']),
    },
  }
}

const LEVELS = ['informational', 'low', 'medium', 'high'] as const

const OPERATORS: Readonly<Record<string, Trigger['operator']>> = {
  gt: 'more than',
  greaterthan: 'more than',
  lt: 'fewer than',
  lessthan: 'fewer than',
  eq: 'exactly',
  equal: 'exactly',
  ne: 'other than',
  notequal: 'other than',
}

function triggerOf(fields: Fields): Trigger | undefined {
  const operator = OPERATORS[fields.text('triggerOperator')?.toLowerCase() ?? '']
  const threshold = Number(fields.text('triggerThreshold') ?? Number.NaN)
  return operator === undefined || !Number.isFinite(threshold) ? undefined : { operator, threshold }
}

/** Columns that the rule maps to an entity, in the order in which the identifiers say more. */
function entityColumns(fields: Fields, type: string, identifiers: readonly string[]): string[] {
  const found: { column: string; rank: number }[] = []
  for (const mapping of fields.maps('entityMappings')) {
    if (mapping.text('entityType')?.toLowerCase() !== type.toLowerCase()) continue
    for (const field of mapping.maps('fieldMappings')) {
      const column = field.text('columnName')
      const rank = identifiers.indexOf(field.text('identifier') ?? '')
      if (column !== undefined && rank >= 0) found.push({ column, rank })
    }
  }
  return found.sort((a, b) => a.rank - b.rank).map(({ column }) => column)
}
