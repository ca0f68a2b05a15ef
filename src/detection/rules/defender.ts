import { type Diagnostic, diagnose } from '../../text/diagnostic.js'
import type { Span } from '../../text/span.js'
import type { Rule } from '../rules.js'
import type { Fields } from './fields.js'
import { ANY, FLAG, list, type MapShape, map, oneOf, TEXT, textThat } from './shape.js'

// https://learn.microsoft.com/graph/api/resources/security-detectionrule

const ASSET = map({ '@odata.type': TEXT, identifier: TEXT })
const TECHNIQUE = textThat((text) => /^T\d{4}(\.\d{3})?$/.test(text.trim()), 'a technique such as `T1219`')

/** How far back each schedule looks, as the product documents it. */
const LOOKBACK: Readonly<Record<string, string>> = { '24H': '30d', '12H': '48h', '3H': '12h', '1H': '4h' }

/** Custom detections as Microsoft Graph gives them and takes them. */
export const DEFENDER_SHAPE: MapShape = map({
  '@odata.type': TEXT,
  '@odata.context': TEXT,
  '@odata.etag': TEXT,
  id: TEXT,
  detectorId: TEXT,
  displayName: TEXT,
  description: TEXT,
  isEnabled: FLAG,
  createdBy: TEXT,
  createdDateTime: TEXT,
  lastModifiedBy: TEXT,
  lastModifiedDateTime: TEXT,
  lastRunDetails: ANY,
  queryCondition: map({ '@odata.type': TEXT, queryText: TEXT, lastModifiedDateTime: TEXT }),
  schedule: map({ '@odata.type': TEXT, period: oneOf('0', ...Object.keys(LOOKBACK)), nextRunDateTime: TEXT }),
  detectionAction: map({
    '@odata.type': TEXT,
    alertTemplate: map({
      '@odata.type': TEXT,
      title: TEXT,
      description: TEXT,
      severity: oneOf('informational', 'low', 'medium', 'high'),
      category: TEXT,
      recommendedActions: TEXT,
      mitreTechniques: list(TECHNIQUE),
      impactedAssets: list(ASSET),
      customDetails: ANY,
      entityMappings: ANY,
    }),
    organizationalScope: ANY,
    responseActions: list(map({}, ANY)),
    automatedActions: ANY,
  }),
})

export function checkDefender(fields: Fields, place: Span): Diagnostic[] {
  const missing = (key: string) => diagnose('rule-missing-key', place, { key })
  return [
    ...(fields.text('displayName') === undefined &&
    fields.text('detectionAction', 'alertTemplate', 'title') === undefined
      ? [missing('displayName')]
      : []),
    ...(fields.text('schedule', 'period') === undefined ? [missing('schedule.period')] : []),
    ...(fields.text('detectionAction', 'alertTemplate', 'severity') === undefined
      ? [missing('detectionAction.alertTemplate.severity')]
      : []),
  ]
}

export function defenderRule(fields: Fields, file: string, query: string): Rule {
  const alert = (key: string): string | undefined => fields.text('detectionAction', 'alertTemplate', key)
  const severity = alert('severity')?.toLowerCase()
  const period = LOOKBACK[fields.text('schedule', 'period')?.toUpperCase() ?? '']
  const title = fields.text('displayName') ?? alert('title') ?? file
  return {
    id: fields.text('id') ?? fields.text('detectorId') ?? title,
    title,
    level: LEVELS.find((level) => level === severity) ?? 'informational',
    confidence: 'medium',
    techniques: fields.texts('detectionAction', 'alertTemplate', 'mitreTechniques'),
    source: file,
    about: alert('description') ?? fields.text('description') ?? '',
    ...(period === undefined ? {} : { period }),
    language: 'kql',
    query,
    why: '',
    flags: {},
    false_positives: [],
    given: {
      file,
      format: 'defender',
      windowed: period !== undefined,
      hostColumns: assetColumns(fields, 'device'),
      userColumns: assetColumns(fields, 'user'),
    },
  }
}

const LEVELS = ['informational', 'low', 'medium', 'high'] as const

/** `deviceName` of an impacted asset is the column `DeviceName`. */
function assetColumns(fields: Fields, kind: 'device' | 'user'): string[] {
  return fields.maps('detectionAction', 'alertTemplate', 'impactedAssets').flatMap((asset) => {
    const type = asset.text('@odata.type')?.toLowerCase() ?? ''
    const identifier = asset.text('identifier')
    if (identifier === undefined || !type.includes(`impacted${kind}asset`)) return []
    return [identifier[0]!.toUpperCase() + identifier.slice(1)]
  })
}
