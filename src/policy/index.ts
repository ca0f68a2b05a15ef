/** Who may use which remote access tool, and what that makes of a sighting. */
export { checkPolicy, factsOf } from './check-policy.js'
export type { Fact, Sighting } from './facts.js'
export { deviationText, gravest, type Judgement, judge, type Reading, readings } from './judge.js'
export { CONSTRAINTS, type Entry, type Pattern, type Policy, VERDICTS, type Verdict } from './policy.js'
export { type PolicyFile, readPolicy } from './read-policy.js'
