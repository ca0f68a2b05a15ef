import { tmpdir } from 'node:os'

/** The command cannot be carried out as it was given; exit code 3. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError'
}

/** What a person is told of a failure: what was being done and why it did not work, without a stack. */
export function explainFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'ENOSPC' || error.message.includes('ENOSPC'))
    return `the disk is full (${error.message}). Logs are read through a folder beside the store, or in ${tmpdir()} without one: make room there, or name another with TMPDIR. What a store had taken in is kept, and the next run goes on from there`
  if (process.env.LATCHKEY_DEBUG !== undefined) return error.stack ?? error.message
  return error.message
}

/** 3 for a command that cannot be carried out as given, 2 for everything that input or rules cause. */
export function exitCodeOf(error: unknown): 2 | 3 {
  return error instanceof ConfigurationError || (error instanceof Error && error.name === 'StoreError') ? 3 : 2
}
