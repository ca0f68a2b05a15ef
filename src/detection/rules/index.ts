/** Rules in the files of products: Sentinel analytics and hunting queries, Defender custom detections, plain KQL, and ours. */
export { readRuleFile, readRuleFiles } from './read-rules.js'
export { type FileRule, parseRuleFile, type RuleFile } from './rule-file.js'
export { writeQuery } from './write-rule.js'
