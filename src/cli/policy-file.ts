import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { checkPolicy, type PolicyFile, readPolicy } from '../policy/index.js'
import type { Diagnostic } from '../text/diagnostic.js'
import { ConfigurationError } from './failure.js'
import { diagnosticText, terminalOf } from './terminal.js'

/** The largest file of hosts that a group may name, in bytes. */
const LARGEST = 20_000_000

/** Reads a policy file; groups name their files from the folder that it stands in. */
export function policyAt(path: string): PolicyFile {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new ConfigurationError(
      `cannot read the policy ${path}: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
  return readPolicy(path, text, {
    readFile: (name) => {
      const file = resolve(dirname(path), name)
      const { size } = statSync(file)
      if (size > LARGEST) throw new Error(`it has ${size} bytes; a file of hosts may have ${LARGEST}`)
      return readFileSync(file, 'utf8')
    },
  })
}

/**
 * A policy that can be used: with an error in it nothing is judged, because what was meant is not known. Entries that are unwise are told
 * and used; `policy check` refuses them.
 */
export function usablePolicy(path: string, quiet: boolean): PolicyFile {
  const file = policyAt(path)
  if (file.diagnostics.length > 0) {
    writeDiagnostics(file, file.diagnostics)
    throw new ConfigurationError(`the policy ${path} is not used: it has errors`)
  }
  const unwise = checkPolicy(file.policy, Date.now() * 1000).filter(({ severity }) => severity === 'error')
  if (unwise.length > 0 && !quiet) {
    const entries = new Set(unwise.map(({ span }) => span?.start)).size
    process.stderr.write(
      `latchkey: ${entries === 1 ? 'an entry' : `${entries} entries`} of ${path} would approve an intruder with the same product; latchkey policy check ${path} says which\n`,
    )
  }
  return file
}

/** Writes diagnostics of a policy to standard error. */
export function writeDiagnostics(file: PolicyFile, diagnostics: readonly Diagnostic[]): void {
  const { colour } = terminalOf(process.stderr)
  for (const diagnostic of diagnostics)
    process.stderr.write(`${diagnosticText(diagnostic, { name: file.path, text: file.text }, colour)}\n`)
}
