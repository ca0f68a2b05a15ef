import type { ProgramRole, ToolValue } from './catalogue.js'

/** How much a value of the catalogue is worth: alone it names the tool, it points at it, or it fits half the world. */
export type Worth = 'specific' | 'pointing' | 'vague'

/** A value of the catalogue that was met. */
export interface Hit {
  /** Position of the tool in the catalogue. */
  readonly tool: number
  readonly worth: Worth
  readonly role: ProgramRole | undefined
  /** The value was compared whole, or by a pattern that says everything about it. */
  readonly whole: boolean
}

/** Undefined where the value must not be used: it belongs to another program, to everybody or to an attacker. */
export function hitOf(
  tool: number,
  value: Pick<ToolValue, 'quality' | 'role' | 'match' | 'platform'>,
): Hit | undefined {
  const worth = worthOf(value.quality)
  return worth && { tool, worth, role: value.role, whole: value.match === undefined || value.match === 'regex' }
}

function worthOf(quality: readonly string[]): Worth | undefined {
  if (quality.some((flag) => NEVER.has(flag))) return undefined
  if (quality.some((flag) => VAGUE.has(flag))) return 'vague'
  if (quality.some((flag) => POINTING.has(flag))) return 'pointing'
  return 'specific'
}

const NEVER = new Set([
  'suspect-attribution',
  'website-not-agent',
  'shared-infrastructure',
  'incident-server',
  'not-an-executable',
])
const VAGUE = new Set(['generic', 'broad', 'broad-vendor', 'unconfirmed'])
const POINTING = new Set(['short', 'wildcard', 'shared', 'user-writable'])
