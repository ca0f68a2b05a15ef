import { type RuleFile, readRuleFiles } from '../detection/rules/index.js'
import { ConfigurationError } from './failure.js'

/** The rule files at a path. A path that is not there, or has no rules, is a mistake of the command. */
export async function rulesAt(path: string): Promise<readonly RuleFile[]> {
  let files: readonly RuleFile[]
  try {
    files = await readRuleFiles(path)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new ConfigurationError(`cannot read rules from ${path}: ${reason}`)
  }
  if (files.every(({ format }) => format === undefined))
    throw new ConfigurationError(`${path} has no rules: Sigma, Sentinel or Defender YAML or JSON, or .kql files`)
  return files
}
