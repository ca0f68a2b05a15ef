/** Sigma: its documents as trees, and detection rules as the query model. */
export {
  type CorrelationMember,
  collect,
  type FilterMember,
  type Member,
  type ResolvedCorrelation,
  type RuleMember,
} from './collection.js'
export { CORRELATION_TYPES, type CorrelationSpec, type CorrelationType, readCorrelation } from './correlation.js'
export { type FieldView, SEPARATOR, type SigmaColumn, VIEW_TYPES } from './field-columns.js'
export { isWithin, narrowed } from './filter.js'
export { EVENTS, type FieldKind, type LoweredSigma, type LowerSigmaOptions, lowerSigma } from './lower.js'
export { type ParsedSigma, parseSigma, readSigmaTree, readTrees } from './parser.js'
export { type Pattern, parsePattern } from './pattern.js'
export { isMeant } from './search-names.js'
export type {
  Condition,
  Detection,
  DetectionItem,
  LogSource,
  Search,
  SearchBody,
  SigmaCorrelation,
  SigmaDocument,
  SigmaFilter,
  SigmaRule,
  SigmaValue,
} from './syntax.js'
export { member, placeAt, plain, type Tree } from './tree.js'
