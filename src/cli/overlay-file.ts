import { readFileSync } from 'node:fs'
import { applyOverlay, type Overlaid } from '../detection/overlay/apply-overlay.js'
import type { Overlay } from '../detection/overlay/overlay.js'
import { readOverlay } from '../detection/overlay/read-overlay.js'
import type { RuleFile } from '../detection/rules/index.js'
import type { Rule } from '../detection/rules.js'
import type { Diagnostic } from '../text/diagnostic.js'
import { ConfigurationError } from './failure.js'
import { diagnosticText, terminalOf } from './terminal.js'

/** The overlay in a file, whatever is wrong with it. */
export function overlayAt(path: string): Overlay {
  try {
    return readOverlay(path, readFileSync(path, 'utf8').replace(/^\uFEFF/, ''))
  } catch (error) {
    throw new ConfigurationError(
      `cannot read the overlay ${path}: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}

/** An overlay that can be used: with an error in it no rule is run, because what was meant is not known. */
export function usableOverlay(path: string | undefined): Overlay | undefined {
  if (path === undefined) return undefined
  const overlay = overlayAt(path)
  if (overlay.diagnostics.length === 0) return overlay
  tell(overlay, overlay.diagnostics)
  throw new ConfigurationError(`the overlay ${path} is not used: it has errors`)
}

/** Rules with the overlay over them, as it holds today. Entries that do nothing are told on standard error. */
export function overlaid(
  overlay: Overlay | undefined,
  own: readonly Rule[],
  files: readonly RuleFile[],
  quiet: boolean,
): Overlaid {
  const result = applyOverlay(overlay ?? { entries: [] }, own, files, Date.now())
  if (overlay && !quiet) tell(overlay, result.diagnostics)
  return result
}

function tell(overlay: Overlay, diagnostics: readonly Diagnostic[]): void {
  const { colour } = terminalOf(process.stderr)
  for (const diagnostic of diagnostics)
    process.stderr.write(`${diagnosticText(diagnostic, { name: overlay.path, text: overlay.text }, colour)}\n`)
}
