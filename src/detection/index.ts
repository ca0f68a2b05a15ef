/** Rules over events, and tools named by evidence. */
export { compileKql } from './compile-query.js'
export { type Identification, identify, loadCatalogue, type Observation, type Tool } from './identity/index.js'
export { type EvidenceRule, loadRules, type Rule } from './rules.js'
export { type EvidenceEvent, type Match, type RuleRun, type RunOptions, runRule } from './run-rule.js'
